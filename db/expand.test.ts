// While machines are replaced one by one, the version before runs on the new schema. So a migration adds; it takes away
// and tightens only what no running version uses any more. docs/deployment.md tells how to get there in two releases.
import {readdirSync, readFileSync} from 'node:fs';
import {expect, test} from 'vitest';

const folder = new URL('migrations/', import.meta.url);

/** Statements that look like it and take nothing away. By file and how they begin, with the reason. */
const harmless: Readonly<Record<string, string>> = {
  '0007_lookups.sql CREATE UNIQUE INDEX "records_seq"': 'It was unique before; it became smaller.',
};

const taking: readonly RegExp[] = [
  /^DROP (?!INDEX)/i,
  /^ALTER TABLE .* (DROP (COLUMN|CONSTRAINT)|RENAME)\b/i,
  /^ALTER \w+ .* RENAME\b/i,
  /^ALTER TABLE .* ALTER COLUMN .* (SET NOT NULL|SET DATA TYPE|TYPE|DROP DEFAULT)\b/i,
  /^ALTER TABLE .* ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b/i,
  /^ALTER TABLE .* ADD CONSTRAINT (?!.*\bNOT VALID\b)/i,
  /^CREATE UNIQUE INDEX/i,
];

const tableOf = (statement: string): string | undefined =>
  /^(?:ALTER TABLE|CREATE UNIQUE INDEX .* ON) (?:ONLY )?"(\w+)"/i.exec(statement)?.[1];

/** Statements of a migration that take away or tighten what a version before it may use. */
function listTakings(sql: string): string[] {
  const statements = sql.split(/--> statement-breakpoint|;\s*\n/).map((text) =>
    text
      .replace(/^\s*--.*$/gm, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const made = new Set(statements.map((text) => /^CREATE TABLE "(\w+)"/i.exec(text)?.[1]));
  return statements.filter((text) => {
    // What this very migration makes, nobody uses yet.
    if (made.has(tableOf(text) ?? '-')) return false;
    return taking.some((pattern) => pattern.test(text));
  });
}

test('no migration takes away or tightens what the version before it uses', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  expect(files.length).toBeGreaterThan(10);
  const found = files.flatMap((name) =>
    listTakings(readFileSync(new URL(name, folder), 'utf8')).map((statement) => `${name} ${statement}`),
  );
  const allowed = Object.keys(harmless);
  expect(found.filter((line) => !allowed.some((start) => line.startsWith(start)))).toEqual([]);
});

test.each([
  'DROP TABLE "tasks";',
  'ALTER TABLE "tasks" DROP COLUMN "title";',
  'ALTER TABLE "tasks" RENAME COLUMN "title" TO "name";',
  'ALTER TABLE "tasks" RENAME TO "jobs";',
  'ALTER TABLE "tasks" ALTER COLUMN "title" SET NOT NULL;',
  'ALTER TABLE "tasks" ALTER COLUMN "title" SET DATA TYPE varchar(9);',
  'ALTER TABLE "tasks" ADD COLUMN "color" text NOT NULL;',
  'ALTER TABLE "tasks" ADD CONSTRAINT "short" CHECK (length("title") < 9);',
  'CREATE UNIQUE INDEX "tasks_title" ON "tasks" USING btree ("title");',
  'DROP POLICY "tasks_tenant" ON "tasks";',
])('%s is noticed', (statement) => {
  expect(listTakings(`CREATE TABLE "other" ();--> statement-breakpoint\n${statement}`)).toHaveLength(1);
});

test.each([
  'CREATE TABLE "tasks" ("id" uuid);--> statement-breakpoint\nCREATE UNIQUE INDEX "once" ON "tasks" ("id");',
  'ALTER TABLE "tasks" ADD COLUMN "color" text;',
  `ALTER TABLE "tasks" ADD COLUMN "color" text DEFAULT 'red' NOT NULL;`,
  'ALTER TABLE "tasks" ADD CONSTRAINT "short" CHECK (length("title") < 9) NOT VALID;',
  'CREATE INDEX "tasks_title" ON "tasks" USING btree ("title");',
])('%s is let be', (sql) => {
  expect(listTakings(sql)).toEqual([]);
});
