import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{crdt,db,server,bench,scripts,test}/**/*.test.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
