// `fieldmerge export-tenant`: all that a tenant has, opened. Its log says that it was taken, whether or not it came to
// an end.
import {createWriteStream} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import {readDatabaseEpoch} from '#db/database-epoch.ts';
import {withTenant, withTenantSnapshot} from '#db/transaction.ts';
import {readCounter} from '#db/verify-reads.ts';
import {keyOfName} from '../files/file-store.ts';
import {tenantOf} from './arguments.ts';
import {openLines, type LineSink} from './json-lines.ts';
import {requireTenant} from './list-devices.ts';
import type {Command, CommandDeps} from './outcome.ts';
import {exportBody, recordsOf, tenantLines} from './tenant-lines.ts';

/** Of the lines; docs/operations.md describes it. */
const FORMAT = 1;

export const exportTenant: Command = async (deps, asked) => {
  const tenantId = tenantOf(asked);
  const name = await requireTenant(deps, tenantId);
  const {to, files} = asked.values;
  const sink = await openLines(to);
  await logExport(deps, tenantId);
  await writeData(deps, {tenantId, name, sink});
  const copied = files === undefined ? null : await copyFiles(deps, {tenantId, folder: files, sink});
  await sink.write({kind: 'end', lines: sink.count()});
  await sink.close();
  // Where the lines went to standard output, nothing else may.
  const report = {tenantId, lines: sink.count(), to: to ?? null, files: copied};
  return {
    json: to === undefined ? undefined : report,
    text: to === undefined ? '' : describe(report),
    isGood: copied === null || copied.missing === 0,
  };
};

const describe = ({lines, to, files}: {lines: number; to: string | null; files: Copied | null}): string =>
  [
    `${lines} lines are in ${to ?? ''}.`,
    ...(files === null ? [] : [`${files.copied} files were copied, ${files.missing} are missing.`]),
  ].join(' ');

async function logExport({pool}: CommandDeps, tenantId: TenantId): Promise<void> {
  const row = {
    action: 'operator.exported',
    entity: 'tenants',
    recordId: tenantId,
    userId: null,
    deviceId: null,
    summary: 'The operator exported all data of the tenant.',
    detail: null,
  };
  await withTenant(pool, tenantId, (client) => appendAudit(client, tenantId, [row]));
}

async function writeData(
  {pool, cipherOf}: CommandDeps,
  {tenantId, name, sink}: {tenantId: TenantId; name: string; sink: LineSink},
): Promise<void> {
  const cipher = await cipherOf(tenantId);
  const epoch = await readDatabaseEpoch(pool);
  await withTenantSnapshot(pool, tenantId, async (client) => {
    const counter = await readCounter(client, tenantId);
    await sink.write({
      kind: 'tenant',
      format: FORMAT,
      tenantId,
      name,
      epoch,
      seq: counter?.seq,
      at: counter?.at,
      auditHead: counter?.auditHead.toString('hex'),
    });
    for await (const line of tenantLines({client, tenantId, cipher})) await sink.write(line);
  });
}

interface Copied {
  readonly copied: number;
  readonly missing: number;
}

/** After the data and outside its transaction, since files take long. One that was deleted meanwhile is missing. */
async function copyFiles(
  deps: CommandDeps,
  {tenantId, folder, sink}: {tenantId: TenantId; folder: string; sink: LineSink},
): Promise<Copied> {
  await mkdir(folder, {recursive: true, mode: 0o700});
  const counts = {copied: 0, missing: 0};
  for (const {id, key} of await listFiles(deps, tenantId)) {
    const isCopied = await copyFile(deps, {tenantId, key, path: join(folder, id)});
    counts[isCopied ? 'copied' : 'missing']++;
    await sink.write({kind: 'file', attachmentId: id, path: isCopied ? id : null});
  }
  return counts;
}

/** Two short texts for each; what else is known of them is in their records. */
async function listFiles(
  {pool, cipherOf}: CommandDeps,
  tenantId: TenantId,
): Promise<{id: string; key: string}[]> {
  const cipher = await cipherOf(tenantId);
  return withTenantSnapshot(pool, tenantId, async (client) => {
    const found: {id: string; key: string}[] = [];
    for await (const record of recordsOf({client, tenantId}, 'attachments')) {
      const {status, key} = exportBody(cipher, record).payload;
      if (status === 'uploaded' && typeof key === 'string') found.push({id: record.id, key});
    }
    return found;
  });
}

/** False: the store does not have it. */
async function copyFile(
  {openFiles}: CommandDeps,
  {tenantId, key, path}: {tenantId: TenantId; key: string; path: string},
): Promise<boolean> {
  const store = openFiles();
  const kept = keyOfName(tenantId, key);
  if ((await store.head(kept)) === undefined) return false;
  await pipeline(Readable.from(store.read(kept)), createWriteStream(path, {flags: 'wx', mode: 0o600}));
  return true;
}
