// Encrypted at rest, shown rather than said: canaries are written to every sensitive field over every way in, and then
// looked for, byte by byte, in everything that the server and Postgres leave behind.
import {expect, onTestFinished, test} from 'vitest';
import {CANARY, CANARY_PHONE, canaryJson, sensitiveEntities} from '#test/support/canaries.ts';
import {findNeedles, needleOf, type Find, type Needle} from '#test/support/needles.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {begin, CONTROL, dispute, end, lookUp, writeOtherwise, type Life} from './canary-life.ts';
import {beKept, beRefused, failInDatabase} from './canary-refusals.ts';
import {startCanaryServer, type CanaryServer} from './canary-server.ts';

/** All that a manager can read, as text. */
async function readEverything({manager, ids}: Life): Promise<string> {
  const paths = [
    '/v1/sync/pull?limit=1000',
    '/v1/conflicts?limit=100',
    '/v1/audit?limit=100',
    ...[...ids].map(([entity, id]) => `/v1/${entity.replaceAll('_', '-')}/${id}/history`),
  ];
  const bodies: string[] = [];
  for (const path of paths) {
    const {status, body} = await manager.get(path);
    expect({path, status}).toEqual({path, status: 200});
    bodies.push(JSON.stringify(body));
  }
  return bodies.join('\n');
}

/** What a writing of every field that devices write must have left with those who may read it. */
const expectWritten = (text: string, writing: string): void => {
  for (const {entity, byDevices} of sensitiveEntities) {
    for (const name of byDevices) {
      const value = JSON.stringify(canaryJson(entity, name, writing));
      const mark = new RegExp(`${CANARY}${writing}\\d+|${CANARY_PHONE}\\d+`).exec(value)?.[0] ?? 'none';
      expect(text, `${entity.name}.${name}`).toContain(mark);
    }
  }
};

/** Rows as text and every sealed column as bytes. */
async function dumpTables({query}: CanaryServer): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const tables = await query(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  for (const {name} of tables) {
    const rows = await query(`SELECT * FROM ${String(name)}`);
    const parts = rows.flatMap((row) =>
      Object.values(row).map((value) =>
        Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
      ),
    );
    found.set(String(name), Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')])));
  }
  return found;
}

interface Leak extends Find {
  readonly place: string;
}

const leaksIn = (places: ReadonlyMap<string, Buffer | string>, needles: readonly Needle[]): Leak[] =>
  [...places].flatMap(([place, content]) => findNeedles(content, needles).map((find) => ({place, ...find})));

// I25 of docs/reliability.md.
test('nothing sensitive, no token and no key is found in tables, files, logs or metrics', async () => {
  const canaries = await startCanaryServer(await makeScratchFolder());
  onTestFinished(() => canaries.close());
  const life = await begin(canaries);
  expectWritten(await readEverything(life), 'c');
  const conflicts = await dispute(life);
  expect(conflicts.length).toBeGreaterThan(10);
  const disputed = await readEverything(life);
  for (const mark of ['a', 'b', 'n']) expect(disputed).toContain(`${CANARY}${mark}`);
  await writeOtherwise(life);
  expectWritten(await readEverything(life), 'y');
  expect(await lookUp(life)).toBeGreaterThanOrEqual(4);
  await beRefused(life);
  const kept = await beKept(life);
  for (const mark of ['k', 'n']) expect(kept).toContain(`${CANARY}${mark}`);
  await failInDatabase(life);
  await end(life);

  const needles = [
    needleOf('a sensitive value', CANARY),
    needleOf('a phone number', CANARY_PHONE),
    needleOf('the master key', canaries.masterKey),
    needleOf('the master key in base64', Buffer.from(canaries.masterKey).toString('base64')),
    ...[life.manager, life.employee].map(({token}) => needleOf('a token', token.split('.')[2]!.slice(0, 40))),
  ];
  const metrics = await canaries.ask<string>('/metrics');
  expect(metrics.body).toContain('fieldmerge_group_seconds');
  const tables = await dumpTables(canaries);
  const logged = canaries.logged();
  const files = await canaries.files();
  expect(leaksIn(tables, needles)).toEqual([]);
  expect(
    leaksIn(
      new Map([
        ['log', logged],
        ['metrics', metrics.body],
      ]),
      needles,
    ),
  ).toEqual([]);
  expect(leaksIn(files, needles)).toEqual([]);

  // The search is able to find: what is not sensitive stands in all of these.
  const control = [needleOf('control', CONTROL)];
  const seen = [...leaksIn(tables, control), ...leaksIn(files, control)].map(({place}) => place);
  for (const place of ['public.tasks', '/pg_wal/', '/base/', 'postgres.log'])
    expect(
      seen.filter((path) => path.includes(place)),
      place,
    ).not.toEqual([]);
  expect(logged).toContain('a request failed');
  expect(logged).toContain('a group of changes failed');
}, 120_000);
