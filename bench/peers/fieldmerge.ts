// Fieldmerge itself, started as `npm start` starts it and always complete: verified tokens, guard, scope, merge, rows,
// conflicts, audit, encryption, and commits before acknowledgements.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {PUSH_CHANGES_MAX} from '#crdt/protocol/limits.ts';
import {SEEDER_CLIENT, seedUpdate} from '../load/tasks.ts';
import {repositoryRoot, startServerProcess} from '../server-process.ts';
import {fillTenant} from './fieldmerge-filler.ts';
import {hireEmployees, openAccess} from './fieldmerge-people.ts';
import {openRestBurst, pull, push, readHeadCursor, SEEDER, yjsChange} from './fieldmerge-rest.ts';
import {catchUpBySocket, connectDevice, openSocketBurst} from './fieldmerge-session.ts';
import {inBatches} from './http.ts';
import {accessOfTenant, type Access, type Peer, type PeerServer, type StartOptions} from './peer.ts';
import {findUwsNode} from './uws-node.ts';

/** Those of `npm start`, so that what is measured is what is run. */
function startArguments(): string[] {
  const {scripts} = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    scripts: {start: string};
  };
  const [exec, node, ...args] = scripts.start.split(' ');
  if (exec !== 'exec' || node !== 'node') throw new Error('npm start does not start node itself');
  return args;
}

async function start(options: StartOptions): Promise<PeerServer> {
  const {databaseUrl, folder, profileFolder, needs} = options;
  const {transport} = needs;
  const server = await startServerProcess({
    ...(transport === 'uws' ? {node: findUwsNode()} : {}),
    args: startArguments(),
    env: {
      DATABASE_URL: databaseUrl,
      DATA_DIR: folder,
      PORT: '0',
      ...(transport === undefined ? {} : {TRANSPORT: transport}),
    },
    ready: /"url":"(http[^"]+)"[\s\S]*export TENANT=(\S+)/,
    profileFolder,
  });
  const [url = '', tenantId = ''] = server.ready;
  return {...server, access: await openAccess({url, tenantId}, options)};
}

async function seedTasks(access: Access, records: number): Promise<void> {
  const numbers = Array.from({length: records}, (_, record) => record);
  await inBatches(numbers, PUSH_CHANGES_MAX, async (batch) => {
    const changes = batch.map((record) => yjsChange({record, update: seedUpdate(record)}, Date.now()));
    await push(access, {device: SEEDER, clientId: SEEDER_CLIENT, changes});
  });
}

async function seed({access}: PeerServer, {needs}: StartOptions): Promise<string> {
  if (needs.hasEmployees === true) await hireEmployees(access, needs);
  await seedTasks(access, needs.records);
  for (const tenant of access.others.keys())
    await seedTasks(accessOfTenant(access, tenant), needs.others?.records ?? 0);
  return readHeadCursor(access);
}

export const fieldmerge: Peer = {
  name: 'fieldmerge',
  promises: {
    ack: 'committed',
    checks: 'tokens, guard, schema, role and scope, conflicts, rows, audit, encryption',
    missing: 'nothing is left out',
  },
  isLive: true,
  keepsDocuments: true,
  hasTenants: true,
  isForeign: false,
  catchUpPaths: ['socket', 'rest-json', 'rest-yjs'],
  burstPaths: ['socket', 'rest-json', 'rest-yjs'],
  findObstacle: () => null,
  start,
  seed,
  connect: connectDevice,
  catchUp: (access, options) => {
    if (options.path === 'socket') return catchUpBySocket(access, options);
    return pull(access, {...options, encoding: options.path === 'rest-yjs' ? 'yjs' : 'json'});
  },
  openBurst: (access, options) =>
    options.path === 'socket'
      ? openSocketBurst(access, options)
      : Promise.resolve(
          openRestBurst(access, {...options, encoding: options.path === 'rest-yjs' ? 'yjs' : 'json'}),
        ),
  fill: fillTenant,
  readCursor: readHeadCursor,
};
