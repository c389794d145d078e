// A node in which uWebSockets.js loads, for the servers that need it.
import {spawnSync} from 'node:child_process';
import {findNodeForUws} from '../../scripts/node-for-uws.ts';
import {repositoryRoot} from '../server-process.ts';

type Found = {readonly node: string} | {readonly obstacle: string};

function find(): Found {
  try {
    const node = findNodeForUws();
    const {status, stderr} = spawnSync(node, ['-e', "require('uWebSockets.js')"], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    });
    return status === 0 ? {node} : {obstacle: stderr.trim().split('\n').at(-1) ?? 'it does not load'};
  } catch (error) {
    return {obstacle: error instanceof Error ? error.message : String(error)};
  }
}

let found: Found | undefined;
const findOnce = (): Found => (found ??= find());

/** Why uWebSockets.js does not load on this machine; null if it does. */
export function findUwsObstacle(): string | null {
  const result = findOnce();
  return 'obstacle' in result ? `uWebSockets.js does not load: ${result.obstacle}` : null;
}

/** Throws where it does not load. */
export function findUwsNode(): string {
  const result = findOnce();
  if ('obstacle' in result) throw new Error(result.obstacle);
  return result.node;
}
