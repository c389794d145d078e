// Starts one Postgres on a cluster that none runs on: its settings, its port, its log.
import {spawn, type ChildProcess} from 'node:child_process';
import {open, readFile, stat, truncate} from 'node:fs/promises';
import {createServer, type AddressInfo} from 'node:net';
import {join} from 'node:path';
import {giveTo, type Account} from './account.ts';
import {waitUntil} from './os-process.ts';
import {disarmPidFile, readPidFile, stopPostmaster, type PidFile} from './pid-file.ts';

/** Recovery after a crash replays at most max_wal_size of log; this is far more than that takes. */
const START_MS_MAX = 120_000;
/** Past this the log is emptied at the next start. */
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** Given on the command line, so they hold whatever the cluster's files say. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '64MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Few processes for a small machine.
  io_method: 'sync',
  jit: 'off',
  // A transaction left open holds back vacuum and its record locks.
  idle_in_transaction_session_timeout: '60s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Messages about failed statements quote the values in them. The server logs these itself, without values.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

export interface PostmasterOptions {
  /** Folder with bin/postgres. */
  readonly programs: string;
  /** Folder that initdb made. Absolute, without links: it is how the process is recognised later. */
  readonly cluster: string;
  readonly account: Account | undefined;
  /** File that takes what Postgres says. */
  readonly logFile: string;
  /** Settings that replace or complete the usual ones. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Postmaster {
  readonly port: number;
  /** Fast shutdown: sessions end, everything is written. Resolves when the process is gone. */
  readonly stop: () => Promise<void>;
  /** Immediate shutdown, as in a crash: nothing is written, the next start recovers from the log. */
  readonly kill: () => Promise<void>;
}

/** A port that was free just now. Another process may take it before Postgres does: then try again. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const {port} = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function openLog({logFile, account}: PostmasterOptions) {
  const size = await stat(logFile).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await truncate(logFile);
  const file = await open(logFile, 'a', 0o600);
  await giveTo(account, logFile);
  return {file, from: size > LOG_BYTES_MAX ? 0 : size};
}

async function spawnPostmaster(options: PostmasterOptions, port: number) {
  const {programs, cluster, account} = options;
  const log = await openLog(options);
  const flags = Object.entries({...settings, ...options.settings, port: String(port)}).flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  );
  try {
    const child = spawn(join(programs, 'bin', 'postgres'), ['-D', cluster, ...flags], {
      ...account,
      cwd: cluster,
      env: {LC_ALL: 'C', TZ: 'UTC'},
      stdio: ['ignore', log.file.fd, log.file.fd],
      // A session of its own: Ctrl-C in a terminal reaches the server only, which still has work to commit.
      detached: true,
    });
    // A start that fails shows as an exit status below; without a listener it would end this process.
    child.on('error', () => undefined);
    return {child, logFrom: log.from};
  } finally {
    await log.file.close();
  }
}

const hasEnded = (child: ChildProcess) =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (hasEnded(child)) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
  });

function asPostmaster(child: ChildProcess, {cluster, port}: {cluster: string; port: number}): Postmaster {
  const end = async (how: {immediate: boolean}) => {
    child.ref();
    const gone = ended(child);
    if (!hasEnded(child)) await stopPostmaster(cluster, how);
    await gone;
  };
  // Someone who fails before stopping it should still be able to end; the next start takes it over.
  child.unref();
  return {port, stop: () => end({immediate: false}), kill: () => end({immediate: true})};
}

/** Starts Postgres on a cluster that none runs on. Throws with what Postgres said if it does not come up. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const {cluster, logFile} = options;
  for (let attempt = 1; ; attempt++) {
    await disarmPidFile(cluster);
    const port = await freePort();
    const {child, logFrom} = await spawnPostmaster(options, port);
    let file: PidFile | undefined;
    const isDecided = async () => {
      file = await readPidFile(cluster);
      return hasEnded(child) || (file?.pid === child.pid && file?.ready === true);
    };
    const decided = await waitUntil(isDecided, {timeoutMs: START_MS_MAX, everyMs: 5});
    if (decided && !hasEnded(child)) return asPostmaster(child, {cluster, port});
    child.kill('SIGQUIT');
    await ended(child);
    const said = (await readFile(logFile, 'utf8')).slice(logFrom).trim();
    // Taken port, or processes of a killed Postgres that are still on their way out.
    if (
      attempt < 5 &&
      /could not create any TCP\/IP sockets|shared memory block .* still in use/s.test(said)
    ) {
      await waitUntil(() => Promise.resolve(false), {timeoutMs: attempt * 200});
      continue;
    }
    throw new Error(`Postgres did not start: ${said.slice(-2_000) || `see ${logFile}`}`);
  }
}
