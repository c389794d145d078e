// Where peers from npm are: a folder with a lockfile of its own.
import {join} from 'node:path';
import {repositoryRoot} from '../server-process.ts';

export const packagesFolder = join(repositoryRoot, 'bench/peers/packages');
/** npm's `node` package; see bench/one-node.ts. */
export const newerNode = join(packagesFolder, 'node_modules/node/bin/node');
