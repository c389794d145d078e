// `fieldmerge status` and `fieldmerge tenants`: what there is, and whether something needs a look.
import {readDatabaseEpoch} from '#db/database-epoch.ts';
import {readQueueFigures} from '#db/delivery-queue.ts';
import {listTenantSummaries, readSessions, readTotals, type TenantSummary} from '#db/fleet.ts';
import {readSchemaVersion} from '#db/migrate.ts';
import {columns, good, isoMinute, type Command} from './outcome.ts';

/** Seconds from which a transaction, or a message that is overdue, needs a look. */
const TRANSACTION_SECONDS_MAX = 60;
const OVERDUE_SECONDS_MAX = 600;
const REPLICA_SECONDS_MAX = 30;

async function readStatus({pool, now}: Parameters<Command>[0]) {
  const schema = await readSchemaVersion(pool);
  const sessions = await readSessions(pool);
  return {
    schema,
    epoch: await readDatabaseEpoch(pool),
    ...sessions,
    totals: await readTotals(pool),
    outbox: await readQueueFigures(pool, new Date(now())),
  };
}

type Status = Awaited<ReturnType<typeof readStatus>>;

/** One sentence each. */
export function listConcerns({schema, replicas, longestTransactionSeconds, outbox}: Status): string[] {
  const concerns: string[] = [];
  if (schema.missing.length > 0)
    concerns.push(`${schema.missing.length} migrations are missing: npm run migrate`);
  if (longestTransactionSeconds > TRANSACTION_SECONDS_MAX)
    concerns.push(`a transaction of a node has run for ${Math.round(longestTransactionSeconds)} s`);
  if (outbox.oldestSeconds > OVERDUE_SECONDS_MAX)
    concerns.push(`a message is overdue by ${Math.round(outbox.oldestSeconds)} s: no node sends`);
  if (outbox.dead > 0) concerns.push(`${outbox.dead} messages were given up: fieldmerge requeue`);
  for (const {name, lagSeconds} of replicas)
    if ((lagSeconds ?? 0) > REPLICA_SECONDS_MAX)
      concerns.push(`replica ${name} is ${lagSeconds ?? 0} s behind`);
  return concerns;
}

function describe(status: Status, concerns: readonly string[]): string {
  const {schema, epoch, nodes, replicas, totals, outbox} = status;
  const lines = [
    ['schema', `${schema.applied ?? 'none'}${schema.missing.length === 0 ? '' : ', not up to date'}`],
    ['epoch', epoch],
    ['nodes', nodes.length === 0 ? 'none is on the bus' : String(nodes.length)],
    ...nodes.map(({address, since}) => ['', `${address ?? 'local'} since ${isoMinute(since)}`]),
    ...replicas.map(({name, state, lagSeconds}) => [
      'replica',
      `${name} ${state}, ${lagSeconds ?? 0} s behind`,
    ]),
    ['connections', `${status.connections} of ${status.connectionsMax}`],
    [
      'tenants',
      `${totals.tenants}, ${totals.members} members, ${totals.devicesSeen} devices seen within a day`,
    ],
    ['reviews', `${totals.openConflicts} conflicts open, ${totals.keptChanges} changes kept`],
    [
      'outbox',
      `${outbox.waiting} waiting, ${Math.round(outbox.oldestSeconds)} s overdue, ${outbox.dead} given up`,
    ],
  ];
  return [columns(lines), ...concerns.map((concern) => `LOOK: ${concern}`)].join('\n');
}

export const showStatus: Command = async (deps) => {
  const status = await readStatus(deps);
  const concerns = listConcerns(status);
  return {
    json: {...status, concerns},
    text: describe(status, concerns),
    isGood: concerns.length === 0,
  };
};

const PAGE = 500;

export const listTenants: Command = async ({pool}) => {
  const tenants: TenantSummary[] = [];
  for (let page: TenantSummary[] | undefined; page === undefined || page.length === PAGE;) {
    page = await listTenantSummaries(pool, {after: tenants.at(-1)?.id ?? '', limit: PAGE});
    tenants.push(...page);
  }
  const rows = tenants.map(({id, name, members, seq, at}) => [
    id,
    `${members} members`,
    `${seq} entries`,
    isoMinute(at),
    name,
  ]);
  return good(tenants, rows.length === 0 ? 'There is no tenant.' : columns(rows));
};
