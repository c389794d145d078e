// Backup and restore as they would happen: a server with a device at work is backed up, goes on, and is lost; a server on
// the backup meets the device, which has seen more than the backup holds. main.ts prints what it showed, a test runs it small.
import {randomBytes, randomUUID} from 'node:crypto';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import * as Y from 'yjs';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import {connectDatabase} from '#db/connect.ts';
import {renewDatabaseEpoch} from '#db/database-epoch.ts';
import {startEmbedded, type Embedded} from '#db/embedded.ts';
import {readConfig} from '#server/config.ts';
import {openKeyring} from '#server/keyring.ts';
import {silentLogger} from '#server/logger.ts';
import {startServer, type RunningServer} from '#server/start.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {LiveDevice} from '#test/support/live-device.ts';
import {restoreBaseBackup, takeBaseBackup} from './base-backup.ts';

export interface DrillReport {
  /** Tasks acknowledged before the backup, and after it. */
  readonly before: number;
  readonly after: number;
  readonly backupMs: number;
  /** From the start of Postgres on the backup until the server listened. */
  readonly restoredMs: number;
  /** How the server on the backup answered the device's old cursor. */
  readonly oldCursor: string;
  /** Of the device's tasks those that the backup lacked, and that were sent again. */
  readonly lacked: number;
  readonly missing: number;
  readonly faults: number;
}

interface Site {
  readonly embedded: Embedded;
  readonly server: RunningServer;
  readonly config: Parameters<typeof startServer>[0];
}

async function openSite(
  dataDir: string,
  {masterKey, isRestored}: {masterKey: string; isRestored: boolean},
): Promise<Site> {
  const embedded = await startEmbedded({dataDir});
  if (isRestored) await beginNewHistory(embedded.url);
  const read = readConfig({
    PORT: '0',
    DATABASE_URL: embedded.url,
    // The development issuer's key is no part of the database, like the master key.
    DATA_DIR: join(dataDir, '..', 'keys'),
    MASTER_KEY: masterKey,
    TRANSPORT: 'ws',
  });
  if (!read.ok) throw new Error(read.faults.join('\n'));
  return {embedded, config: read.config, server: await startServer(read.config, silentLogger)};
}

/** What `fieldmerge new-epoch` does. */
async function beginNewHistory(url: string): Promise<void> {
  const database = connectDatabase({url, poolSize: 1, applicationName: 'drill'});
  await renewDatabaseEpoch(database.pool).finally(() => database.end());
}

async function closeSite({server, embedded}: Site): Promise<void> {
  await server.stop();
  await embedded.stop();
}

interface Owner {
  readonly token: string;
  readonly tenantId: string;
  readonly deviceId: string;
}

async function makeTenant({server}: Site): Promise<Owner> {
  const subject = `user_${randomUUID()}`;
  const token = await server.developmentIssuer?.issue({
    subject,
    email: `${subject}@example.com`,
    name: 'Ana Example',
  });
  const answer = await fetch(`${server.url}/v1/tenants`, {
    method: 'POST',
    headers: {authorization: `Bearer ${token ?? ''}`, 'content-type': 'application/json'},
    body: JSON.stringify({name: 'Example Services'}),
  });
  const {id} = (await answer.json()) as {id: string};
  return {token: token ?? '', tenantId: id, deviceId: randomUUID()};
}

const connect = ({server}: Site, owner: Owner, copy: Partial<Pick<LiveDevice, 'records' | 'cursor'>> = {}) =>
  LiveDevice.connect({url: server.url.replace('http', 'ws'), ...owner, ...copy});

/** Resolves once every task is acknowledged. */
async function writeTasks(device: LiveDevice, count: number): Promise<void> {
  const requests = Array.from({length: count}, (_, index) =>
    device.write('tasks', randomUUID(), {title: `Task ${index}`}),
  );
  for (const request of requests) {
    const [answer] = await device.answered(request);
    if (answer?.kind !== 'ack') throw new Error(`A task was answered ${answer?.kind ?? 'not'}`);
  }
}

/**
 * What devices wrote of a document. The server's own items, such as numbers, are left out: those that the backup lacks are
 * of a history that is no more, and this server writes its own.
 */
function updateOfDevices(doc: Y.Doc): Uint8Array {
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))];
  const ofServer = new Map(clocks.filter(([client]) => client > DEVICE_CLIENT_ID_MAX));
  return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(ofServer));
}

/** All that the device has goes to the server again; what is there already changes nothing. */
async function sendEverything(device: LiveDevice): Promise<void> {
  for (const {entity, id} of device.copies().filter((copy) => copy.entity === 'tasks')) {
    const {doc, generation} = device.copyOf(entity, id);
    const bytes = updateOfDevices(doc);
    const [answer] = await device.answered(device.sendUpdates([{entity, id, generation, bytes}]));
    if (answer?.kind !== 'ack') throw new Error(`A task sent again was answered ${JSON.stringify(answer)}`);
  }
}

/** folder: empty, and the user that runs Postgres may enter it. */
export async function runDrill(
  folder: string,
  {before, after}: {before: number; after: number},
): Promise<DrillReport> {
  const masterKey = randomBytes(32).toString('base64');
  const [first, second, backup] = ['first', 'second', 'backup'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [first, second, join(folder, 'keys')]) await mkdir(path, {mode: 0o711});

  const lost = await openSite(first, {masterKey, isRestored: false});
  const owner = await makeTenant(lost);
  const device = await connect(lost, owner);
  await writeTasks(device, before);
  const backupAt = performance.now();
  await takeBaseBackup({url: lost.embedded.url, dataDir: first}, backup);
  const backupMs = performance.now() - backupAt;
  await writeTasks(device, after);
  const {records, cursor} = device;
  await closeSite(lost);

  await restoreBaseBackup({backup, passwordOf: first}, second);
  const restoredAt = performance.now();
  const site = await openSite(second, {masterKey, isRestored: true});
  const restoredMs = performance.now() - restoredAt;
  try {
    const refused = await connect(site, owner, {records, cursor});
    const {reason: oldCursor} = await refused.ended();
    // A device keeps what it has, and reads everything again beside it.
    const again = await connect(site, owner, {records});
    await again.live();
    const held = new Set(await storedTasks(site));
    const own = again.copies().filter(({entity}) => entity === 'tasks');
    await sendEverything(again);
    const stored = new Set(await storedTasks(site));
    const proof = await verifyDatabase({
      pool: site.server.service.pool,
      keyring: await openKeyring(site.config),
    });
    again.close();
    return {
      before,
      after,
      backupMs,
      restoredMs,
      oldCursor,
      lacked: own.filter(({id}) => !held.has(id)).length,
      missing: own.filter(({id}) => !stored.has(id)).length,
      faults: proof.faults.length,
    };
  } finally {
    await closeSite(site);
  }
}

async function storedTasks({config}: Site): Promise<string[]> {
  const {database} = config;
  if (database.kind !== 'url') throw new Error('The drill has a database with a URL.');
  const {pool, end} = connectDatabase({
    url: database.url,
    poolSize: 1,
    applicationName: 'drill',
    role: 'own',
  });
  try {
    return (await pool.query<{id: string}>('SELECT id FROM tasks')).rows.map(({id}) => id);
  } finally {
    await end();
  }
}
