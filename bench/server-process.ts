// A server under test: a process of its own, known to be ready by a line it prints, stopped at the end.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('..', import.meta.url));

/** Milliseconds a server may take to print its line, and to end after SIGTERM. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
const OUTPUT_KEPT = 8_000;

export interface ServerProcess {
  readonly pid: number;
  /** The groups of the pattern that told it is ready. */
  readonly ready: readonly string[];
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** The node binary; this one if absent. */
  readonly node?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Matches the output once the server listens; its groups are kept. */
  readonly ready: RegExp;
  readonly profileFolder: string | undefined;
}

/** Rejects with the last of the server's output if it ends or stays silent instead of becoming ready. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const {profileFolder} = command;
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const child = spawn(command.node ?? process.execPath, [...profiling, ...command.args], {
    cwd: repositoryRoot,
    env: {PATH: process.env['PATH'], ...command.env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  const ready = await new Promise<readonly string[]>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command.args.join(' ')} ${why}:\n${output}`));
    const timer = setTimeout(() => fail('did not become ready'), READY_MS_MAX);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
      const match = command.ready.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match.slice(1));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
  const {pid} = child;
  if (pid === undefined) throw new Error('a server process has no pid');
  return {
    pid,
    ready,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await exited;
      clearTimeout(timer);
    },
  };
}
