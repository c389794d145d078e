// House rules that a linter cannot say, checked on every file that git tracks.
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {expect, test} from 'vitest';

const tracked = execFileSync('git', ['ls-files', '-z'], {encoding: 'utf8'})
  .split('\0')
  // A file that was just deleted is still tracked.
  .filter((path) => path !== '' && existsSync(path));
const sources = tracked.filter((path) => /\.ts$/.test(path));
const read = (path: string): string => readFileSync(path, 'utf8');

/** Lines a file may have. Past it, it has two subjects. */
const LINES_MAX = 350;

/** Files that are longer all the same, with the length they may not pass. Only ever lowered or removed. */
const longFiles: Readonly<Record<string, number>> = {
  'crdt/entities/field-schemas.test.ts': 411,
  'crdt/guard.test.ts': 542,
  'crdt/protocol/error-code.ts': 435,
  'crdt/update-reader.test.ts': 417,
  'test/e2e/yjs-provider.pg.test.ts': 368,
  'test/attacks/catalogue.ts': 903,
  'test/e2e/live-connection.pg.test.ts': 379,
  'test/e2e/live.pg.test.ts': 431,
  'test/model/bites.test.ts': 454,
};

/** Migrations that databases have: never edited again, only followed by another. First 16 hex of SHA-256. */
const migrations: Readonly<Record<string, string>> = {
  'db/migrations/0000_tables.sql': '31fee1261f01c606',
  'db/migrations/0001_storage.sql': '3dd800a7f0fec132',
  'db/migrations/0002_history.sql': '309bc21eb3bd7810',
  'db/migrations/0003_scope.sql': '5948e6089d576a3c',
  'db/migrations/0004_sign_ins.sql': 'b311fc27bd32eace',
  'db/migrations/0005_findable.sql': 'f470beddd716570d',
  'db/migrations/0006_row_security.sql': '1810aed51858b029',
  'db/migrations/0007_lookups.sql': '29d31c1a532e9289',
  'db/migrations/0008_deliveries.sql': 'f2c5b0a6194e69b8',
  'db/migrations/0009_outbox_worker.sql': '11204defa9e834e1',
  'db/migrations/0010_shown_deliveries.sql': 'ad7273fbdd0b4909',
  'db/migrations/0011_inline_bodies.sql': 'e2c84ee28e5368dc',
  'db/migrations/0012_record_memory.sql': 'c99471b9b9a8f079',
  'db/migrations/0013_device_lookups.sql': '1fda82e2abfa9163',
};

/** Files that read the environment themselves, and why. */
const environmentReaders: readonly string[] = [
  'server/config.ts',
  // Runs without a server.
  'db/migrate-command.ts',
  // The library takes this one setting from the environment only.
  'server/live/uws-load.ts',
];

/** Functions that cross tenants: what comes out of them is narrowed by their own statement alone. */
const tenantCrossers: readonly string[] = [
  'db/attachments.ts listStaleUploads',
  'db/counters.ts readMovedCounters',
  'db/deliveries.ts findDeliveryTenant',
  'db/delivery-queue.ts claimDelivery',
  'db/delivery-queue.ts readQueueFigures',
  'db/fleet.ts listTenantSummaries',
  'db/fleet.ts readTotals',
  'db/key-rotation.ts listKeysToMove',
  'db/memberships.ts findMembershipChoices',
  'db/memberships.ts listOwnTenants',
  'db/memberships.ts listTenantsEverOf',
  'db/push-results.ts forgetPushResults',
  'db/quarantine.ts forgetDecided',
  'db/shown-deliveries.ts listUnshown',
  'db/verify-reads.ts listTenantIds',
];

test('no source file is longer than two or three screens, but for those that once were', () => {
  const long = sources
    .map((path) => ({path, lines: read(path).split('\n').length - 1}))
    .filter(({path, lines}) => lines > (longFiles[path] ?? LINES_MAX));
  expect(long).toEqual([]);
});

test('a long file that became short is long no more', () => {
  const short = Object.keys(longFiles).filter(
    (path) => !sources.includes(path) || read(path).split('\n').length - 1 <= LINES_MAX,
  );
  expect(short).toEqual([]);
});

test('no file collects strangers', () => {
  const collectors = /^(utils?|helpers?|types|constants|common|misc|index)(\.test)?\.ts$/;
  expect(sources.filter((path) => collectors.test(basename(path)) && path !== 'client/index.ts')).toEqual([]);
});

test('file names are lower case with dashes, and name no version', () => {
  const pattern = /^[a-z][a-z0-9-]*(\.(test|pg|bench|model|config|e2e|fault|d))*\.ts$/;
  const versioned = /[-_]?v\d|\D[2-9]\.ts$/;
  const odd = sources.filter(
    (path) =>
      !pattern.test(basename(path)) || versioned.test(basename(path).replace(/sync-step-[12]/, 'sync-step')),
  );
  expect(odd).toEqual([]);
});

test('no exported name ends in a version', () => {
  const numbered = /export (?:async )?(?:const|function|class|interface|type) (\w*[a-z](?:V\d+|\d))\b/g;
  // These are the names of y-protocols.
  const isForeign = (name: string): boolean => /Step[12]$/.test(name);
  const odd = sources.flatMap((path) =>
    [...read(path).matchAll(numbered)]
      .filter(([, name = '']) => !isForeign(name))
      .map(([, name = '']) => `${path}: ${name}`),
  );
  expect(odd).toEqual([]);
});

test('nothing is left to be done in a comment', () => {
  // Spelled so that this file does not find itself.
  const marks = new RegExp(
    `(?://|\\*|#|<!--).*\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|')})\\b`,
  );
  const texts = tracked.filter((path) => /\.(ts|md|sql|cjs|js)$/.test(path));
  expect(texts.filter((path) => marks.test(read(path)))).toEqual([]);
});

test('no file names a folder of the machine it was written on', () => {
  const machinePath = new RegExp('(^|[^\\w.])/(work|root|home/\\w+|Users)/', 'm');
  const texts = tracked.filter((path) => !/package-lock\.json$|\.(png|bin)$/.test(path));
  expect(texts.filter((path) => machinePath.test(read(path)))).toEqual([]);
});

test('every source file says at its head what it is for', () => {
  const headless = sources.filter(
    (path) => path.includes('/') && !/\.test\.ts$/.test(path) && !/^(#!.*\n)?\/\/ /.test(read(path)),
  );
  expect(headless).toEqual([]);
});

test('only the configuration reads the environment', () => {
  const readers = sources.filter(
    (path) =>
      /^(crdt|db|server)\//.test(path) && !/\.test\.ts$/.test(path) && /\bprocess\.env\b/.test(read(path)),
  );
  expect(readers.toSorted()).toEqual(environmentReaders.toSorted());
});

test('statements cross tenants only where it is listed', () => {
  const crossers = sources
    .filter(
      (path) => /^(crdt|db|server)\//.test(path) && !/\.test\.ts$/.test(path) && path !== 'db/transaction.ts',
    )
    .flatMap((path) =>
      read(path)
        .split(/^export (?:async )?(?:function|const) /m)
        .filter((body) => /\basWorker\(/.test(body))
        .map((body) => `${path} ${/^\w+/.exec(body)?.[0] ?? ''}`),
    );
  expect(crossers.toSorted()).toEqual(tenantCrossers.toSorted());
});

test('a migration is never edited once it is listed, and every one is listed', () => {
  const present = tracked
    .filter((path) => /^db\/migrations\/.*\.sql$/.test(path))
    .map((path) => [path, createHash('sha256').update(read(path)).digest('hex').slice(0, 16)]);
  expect(Object.fromEntries(present)).toEqual(migrations);
});

test('the devices of the demo share no code with the server: only its child process imports it', () => {
  const demo = sources.filter((path) => path.startsWith('scripts/demo/') && path !== 'scripts/demo/serve.ts');
  expect(demo.length).toBeGreaterThan(5);
  expect(demo.filter((path) => /from '(#|\.\.)/.test(read(path)))).toEqual([]);
});
