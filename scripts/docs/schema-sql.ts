// docs/backend-schema.sql: the tables as drizzle exports them, then what only hand-written migrations say. Those
// begin with a comment; generated ones do not. test/docs/schema.pg.test.ts holds it against migrated tables.
import {execFileSync} from 'node:child_process';
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import type {Page} from './page.ts';

const MIGRATIONS = 'db/migrations';

const drizzleKit = (...args: string[]): string =>
  execFileSync(process.execPath, ['node_modules/drizzle-kit/bin.cjs', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const listMigrations = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();

export function schemaSql(): Page {
  const exported = drizzleKit('export', '--config', 'drizzle.config.ts').trim();
  const handWritten = listMigrations(MIGRATIONS)
    .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8').trim())
    .filter((sql) => sql.startsWith('--'))
    .map((sql) => sql.replace(/^--> statement-breakpoint\n/gm, ''));
  const text = [
    '-- The schema of the database, printed by `npm run docs` from db/schema and db/migrations. To change it, edit\n' +
      '-- db/schema and run `npm run migrate:generate`.',
    exported,
    ...handWritten,
  ];
  return {path: 'docs/backend-schema.sql', text: text.join('\n\n') + '\n'};
}

/** Whether db/schema says something that no migration brings yet. */
export function hasMissingMigration(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'fieldmerge-migrations-'));
  try {
    cpSync(MIGRATIONS, folder, {recursive: true});
    // It takes relative paths only, and ends well even where it could not read them.
    const out = relative(process.cwd(), folder);
    const said = drizzleKit(
      'generate',
      '--dialect',
      'postgresql',
      '--schema',
      './db/schema/*.ts',
      '--out',
      out,
    );
    if (said.includes('No schema changes')) return false;
    if (listMigrations(folder).length > listMigrations(MIGRATIONS).length) return true;
    throw new Error(`drizzle-kit could not compare db/schema with db/migrations:\n${said}`);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
