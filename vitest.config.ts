import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{crdt,db,server,bench,scripts,test}/**/*.test.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
