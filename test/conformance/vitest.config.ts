// The transports need no database, and this suite also runs under another C library (scripts/run-on-trixie.ts).

import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {include: ['test/conformance/transport.test.ts'], testTimeout: 30_000},
});
