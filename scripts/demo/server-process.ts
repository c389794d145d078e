// The demo's server as a child process: see serve.ts.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {Served} from './serve.ts';

export interface ServerProcess extends Served {
  /** Resolves when server and database have stopped and their files are gone. */
  stop(): Promise<void>;
}

/** people: names to make tokens for. Throws if the server does not start. */
export async function startServerProcess(people: readonly string[]): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), [...people], {
    execArgv: ['--import', './load-typescript.js'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  const first = await Promise.race([once(child, 'message'), gone.then(() => null)]);
  if (first === null) throw new Error('The server of the demo did not start.');
  const [served] = first as [Served];
  return {
    ...served,
    async stop() {
      if (child.connected) child.send('stop');
      await gone;
    },
  };
}
