// The real server as a process that kill tests start, kill and start again on one DATA_DIR.
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFile, realpath} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {setTimeout as delay} from 'node:timers/promises';
import {stopImmediately} from '#db/embedded.ts';

export interface ServerProcess {
  readonly url: string;
  /** Milliseconds from the start of the process until it was ready. */
  readonly readyMs: number;
  /** Ended already, whoever ended it. */
  hasEnded(): boolean;
  /** How it ended, and the last lines of its log. */
  describeEnd(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
}

const mainFile = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
const READY_MS_MAX = 60_000;
const LINES_KEPT = 20;

/** settings: environment variables beside those that every kill test has. */
export async function startServerProcess(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const started = performance.now();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'info',
    // Empty counts as absent.
    DATABASE_URL: '',
    NODE_ENV: '',
    ...settings,
  };
  const child = spawn('node', ['--import', './load-typescript.js', mainFile], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const {lastLines, listeningUrl} = readLog(child);
  const url = await listeningUrl;
  while (!(await isReady(url))) {
    if (performance.now() - started > READY_MS_MAX) throw new Error('The server did not become ready.');
    await delay(10);
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!hasEnded()) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    url,
    readyMs: performance.now() - started,
    hasEnded,
    describeEnd: () => `exit code ${child.exitCode}, signal ${child.signalCode}:\n${lastLines.join('\n')}`,
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

/** Of its log, which goes on being read to the end: a full pipe would stop the server. */
function readLog(child: ChildProcess): {lastLines: readonly string[]; listeningUrl: Promise<string>} {
  const lastLines: string[] = [];
  const listeningUrl = new Promise<string>((resolve, reject) => {
    if (child.stdout === null) return;
    createInterface({input: child.stdout}).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > LINES_KEPT) lastLines.shift();
      const {message, url} = line.startsWith('{')
        ? (JSON.parse(line) as {message?: string; url?: string})
        : {};
      if (message === 'listening' && url !== undefined) resolve(url);
    });
    child.once('exit', () =>
      reject(new Error(`The server ended before it listened:\n${lastLines.join('\n')}`)),
    );
  });
  return {lastLines, listeningUrl};
}

/** Whether a server says that it can be asked. */
export const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({status}) => status === 200,
    () => false,
  );

/** Of the Postgres that runs on the DATA_DIR now. */
export async function databaseUrl(dataDir: string): Promise<string> {
  const password = await readFile(join(dataDir, 'postgres-password'), 'utf8');
  const pidFile = await readFile(join(await realpath(join(dataDir, 'postgres')), 'postmaster.pid'), 'utf8');
  const port = pidFile.split('\n')[3] ?? '';
  return `postgresql://fieldmerge:${password}@127.0.0.1:${port}/fieldmerge`;
}

/** Server and, if asked, Postgres go down, one shortly after the other, in either order. */
export async function crash(
  server: ServerProcess,
  {
    dataDir,
    order,
    gapMs,
  }: {dataDir: string; order: 'server' | 'server-first' | 'postgres-first'; gapMs: number},
): Promise<void> {
  if (order === 'server') return server.kill();
  const steps = [() => server.kill(), () => stopImmediately(dataDir)];
  if (order === 'postgres-first') steps.reverse();
  await steps[0]!();
  await delay(gapMs);
  await steps[1]!();
}
