// `npm run docs` writes the pages that are printed from the code; with --check it writes nothing and fails if one
// of them differs, or if the schema has changed without a migration.
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {attacksPage} from './attacks-page.ts';
import {authorizationPage} from './authorization-page.ts';
import {configPage} from './config-page.ts';
import {entitiesPage} from './entities-page.ts';
import {errorsPage} from './errors-page.ts';
import {framesPage} from './frames-page.ts';
import {layersPage} from './layers-page.ts';
import {limitsPage} from './limits-page.ts';
import {metricsPage} from './metrics-page.ts';
import {openApiPage} from './openapi-page.ts';
import type {Page} from './page.ts';
import {hasMissingMigration, schemaSql} from './schema-sql.ts';

const GENERATED = 'docs/generated';

const pages: readonly Page[] = [
  errorsPage(),
  framesPage(),
  attacksPage(),
  configPage(),
  limitsPage(),
  entitiesPage(),
  authorizationPage(),
  layersPage(),
  metricsPage(),
  schemaSql(),
  openApiPage(),
];

/** Pages that no code prints any more. */
function listStray(): string[] {
  if (!existsSync(GENERATED)) return [];
  return readdirSync(GENERATED)
    .map((name) => join(GENERATED, name))
    .filter((path) => pages.every((page) => page.path !== path));
}

function write(): void {
  for (const {path, text} of pages) {
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
  for (const path of listStray()) {
    rmSync(path);
    console.log(`removed ${path}`);
  }
}

function check(): void {
  const faults = [
    ...pages
      .filter(({path, text}) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
      .map(({path}) => `${path} is not what the code says. Run: npm run docs`),
    ...listStray().map((path) => `${path} is printed by nothing. Run: npm run docs`),
    ...(hasMissingMigration()
      ? ['db/schema has changed without a migration. Run: npm run migrate:generate']
      : []),
  ];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(`${pages.length} generated pages are up to date; every table has its migration`);
}

if (process.argv.includes('--check')) check();
else write();
