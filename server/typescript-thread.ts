// Threads that run our TypeScript, on every Node that we support.
import {Worker, type WorkerOptions} from 'node:worker_threads';

const loader = new URL('../load-typescript.js', import.meta.url);

/**
 * A thread that runs a TypeScript module, given by its whole URL. On Node 20 `--import` does nothing in a thread, which
 * therefore begins with JavaScript, and without the flags that the process was started with.
 */
export function startTypescriptThread(
  module: URL,
  options: Pick<WorkerOptions, 'resourceLimits' | 'workerData'>,
): Worker {
  const [load, run] = [loader, module].map(({href}) => `import(${JSON.stringify(href)})`);
  return new Worker(`${load}.then(() => ${run});`, {...options, eval: true, execArgv: []});
}
