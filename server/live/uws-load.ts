// Loads uWebSockets.js, whose binary exists for few platforms and needs glibc 2.38 or newer.

import {createRequire} from 'node:module';
import type * as Uws from 'uWebSockets.js';

export type UwsModule = typeof Uws;

/** Request head in bytes, as node:http takes. The library's own 4 KiB is short for tokens in headers. */
const HEAD_BYTES_MAX = 16 * 1024;

export type LoadedUws =
  | {readonly kind: 'loaded'; readonly uws: UwsModule}
  | {readonly kind: 'unavailable'; readonly reason: string};

/** Never throws: not being there is an expected outcome, and `reason` is for the log. */
export function loadUws(): LoadedUws {
  // The library takes this limit from nowhere but the environment, once, when its binary is loaded.
  // eslint-disable-next-line no-restricted-properties
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(HEAD_BYTES_MAX);
  try {
    // Not `import()`: when the binary fails to load, that also leaves a rejection that nobody can catch.
    return {kind: 'loaded', uws: createRequire(import.meta.url)('uWebSockets.js') as UwsModule};
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return {kind: 'unavailable', reason: text.trim().split('\n').at(-1) ?? text};
  }
}
