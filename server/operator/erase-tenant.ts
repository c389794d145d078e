// `fieldmerge erase-tenant`. The key goes first: from then on nothing can be read, whatever happens to the rest. Stopped
// anywhere, it goes on when it is run again.
import {setTimeout as delay} from 'node:timers/promises';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {deleteTenantRows, destroyTenantKey, ownsTables, vacuumTenantTables} from '#db/erasure.ts';
import {readSessions} from '#db/fleet.ts';
import {withTenant} from '#db/transaction.ts';
import {tenantOf} from './arguments.ts';
import {requireTenant} from './list-devices.ts';
import {columns, CommandError, good, type Command, type CommandDeps} from './outcome.ts';

/**
 * Milliseconds in which every node has heard that nobody is a member any more, or has looked for itself, and has ended
 * what it had begun for one.
 */
const NODES_MS_MAX = 5_000;

export const eraseTenant: Command = async (deps, asked) => {
  const tenantId = tenantOf(asked);
  const {pool, tell} = deps;
  const name = await requireTenant(deps, tenantId);
  if (!(await ownsTables(pool)))
    throw new CommandError(
      'DATABASE_URL must name the role that owns the tables: nobody else may delete a log.',
    );
  await deps.confirm(`Erase all of ${name} for good? Type its name.`, name);

  await withTenant(pool, tenantId, (client) => destroyTenantKey(client, tenantId));
  tell('The key is destroyed.');
  const rows = await deleteTenantRows(pool, tenantId);
  tell('Its rows are deleted.');
  const {nodes} = await readSessions(pool);
  if (nodes.length > 0) {
    // What a node had begun for a member may have come in behind the deletion.
    await delay(NODES_MS_MAX);
    for (const [table, count] of Object.entries(await deleteTenantRows(pool, tenantId)))
      rows[table] = (rows[table] ?? 0) + count;
  }
  const files = await removeFiles(deps, tenantId);
  await vacuumTenantTables(pool);
  const json = {tenantId, erasedAt: new Date(deps.now()).toISOString(), rows, files};
  const text = [
    columns(Object.entries(rows).map(([table, count]) => [table, String(count)])),
    `${files} files. The tenant ${tenantId} is erased; keep this as the record of it.`,
  ];
  return good(json, text.join('\n'));
};

async function removeFiles({openFiles}: CommandDeps, tenantId: TenantId): Promise<number> {
  const store = openFiles();
  let removed = 0;
  for (const place of ['waiting', 'kept'] as const) {
    for await (const {key} of store.list(place, tenantId)) {
      await store.remove(place, key);
      removed++;
    }
  }
  return removed;
}
