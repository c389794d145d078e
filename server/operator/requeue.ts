// `fieldmerge requeue`: messages that were given up are tried again.
import {z} from 'zod';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import {listGivenUp, requeue as requeueOne} from '#db/deliveries.ts';
import {withTenant} from '#db/transaction.ts';
import {tenantOf} from './arguments.ts';
import {requireTenant} from './list-devices.ts';
import {CommandError, good, type Command, type CommandDeps} from './outcome.ts';

const stateSchema = z.enum(['dead', 'failed', 'unknown']);
type GivenUpState = z.infer<typeof stateSchema>;

/** In one transaction. */
const BATCH = 200;

async function requeueBatch(
  {pool, now}: CommandDeps,
  tenantId: TenantId,
  which: {state: GivenUpState; id: string | null},
): Promise<number> {
  return withTenant(pool, tenantId, async (client) => {
    const rows = await listGivenUp(client, tenantId, {...which, limit: BATCH});
    for (const {id} of rows) await requeueOne(client, tenantId, {id, at: new Date(now())});
    if (rows.length === 0) return 0;
    await appendAudit(
      client,
      tenantId,
      rows.map(({invoiceId, channel}) => ({
        action: 'operator.requeued',
        entity: 'finance_entries',
        recordId: invoiceId,
        userId: null,
        deviceId: null,
        summary: `The operator had it tried again by ${channel}.`,
        detail: null,
      })),
    );
    return rows.length;
  });
}

export const requeue: Command = async (deps, asked) => {
  const tenantId = tenantOf(asked);
  const name = await requireTenant(deps, tenantId);
  const id = asked.values.delivery ?? null;
  const read = stateSchema.safeParse(asked.values.state ?? 'dead');
  if (!read.success) throw new CommandError('--state must be dead, failed or unknown.');
  const state = read.data;
  const doubt = state === 'unknown' ? ' They may have arrived already.' : '';
  await deps.confirm(`Try ${id ?? `all ${state} messages of ${name}`} again?${doubt}`);
  let requeued = 0;
  for (let batch = BATCH; batch === BATCH; requeued += batch)
    batch = await requeueBatch(deps, tenantId, {state, id});
  if (id !== null && requeued === 0) throw new CommandError(`No message ${id} of the tenant is ${state}.`);
  return good({requeued}, `${requeued} messages are tried again.`);
};
