// Runs node with the arguments given, under a C library new enough for uWebSockets.js: see node-for-uws.ts. That
// library is used for this one process and its node children.
// Usage: node --import ./load-typescript.js scripts/run-on-trixie.ts <node arguments>

import {spawn} from 'node:child_process';
import {findNodeForUws} from './node-for-uws.ts';

const child = spawn(findNodeForUws(), process.argv.slice(2), {stdio: 'inherit'});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
