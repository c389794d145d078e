// Hooks of node:module, which Node runs in a thread of their own.
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {transformSync} from '@swc/wasm-typescript';

/** Of TypeScript the source without its types, every line and column where it was; everything else as Node loads it. */
export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const {code} = transformSync(await readFile(filename, 'utf8'), {
    filename,
    mode: 'strip-only',
    module: true,
  });
  return {format: 'module', source: code, shortCircuit: true};
}
