// Peers are compared on one Node. Hocuspocus needs 22 and our image has 24, so where the bench is started by an older one
// it is run again by npm's node@24, and with it every server and every device.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {newerNode} from './peers/packages-folder.ts';

const MAJOR_MIN = 22;

export const isNewEnough = parseInt(process.versions.node, 10) >= MAJOR_MIN;

/** This command again, by npm's node. Resolves with its exit code once it has ended. */
export async function runOnNewerNode(): Promise<number> {
  const child = spawn(newerNode, [...process.execArgv, ...process.argv.slice(1)], {stdio: 'inherit'});
  // It stops what it has started, and only then does this process end.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
