// Starts a load process and speaks to it.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {WorkerAnswer, WorkerCalls} from './worker-calls.ts';

export interface Worker {
  /** Rejects with what the process reports, or if it ends before answering. */
  call<Name extends keyof WorkerCalls>(
    name: Name,
    input: Parameters<WorkerCalls[Name]>[0],
  ): ReturnType<WorkerCalls[Name]>;
  stop(): Promise<void>;
}

export function startWorker(): Worker {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    execArgv: ['--import', './load-typescript.js'],
    serialization: 'advanced',
  });
  const waiting = new Map<number, {resolve: (result: unknown) => void; reject: (error: Error) => void}>();
  let calls = 0;
  child.on('message', (answer: WorkerAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(new Error(`in a load process: ${answer.error}`));
    else call?.resolve(answer.result);
  });
  const exited = once(child, 'exit');
  void exited.then(() => {
    for (const {reject} of waiting.values()) reject(new Error('a load process ended'));
  });
  return {
    call: <Name extends keyof WorkerCalls>(name: Name, input: Parameters<WorkerCalls[Name]>[0]) =>
      new Promise<unknown>((resolve, reject) => {
        const id = ++calls;
        waiting.set(id, {resolve, reject});
        child.send({id, name, input});
      }) as ReturnType<WorkerCalls[Name]>,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
