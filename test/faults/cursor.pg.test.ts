// A cursor never skips what was acknowledged (I7 to I9), with two server processes and a reader that polls.
// CURSOR_SECONDS=60 npx vitest run test/faults/cursor.pg.test.ts runs it longer.
import {expect, onTestFinished, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {runCursor} from './cursor-harness.ts';

const SECONDS = Number(process.env['CURSOR_SECONDS'] ?? 5);

// I7 of docs/reliability.md.
test(
  'a reader that follows the feed by position misses nothing of what two processes write',
  async () => {
    const {url, database, owner, drop} = await createTestDatabase();
    onTestFinished(drop);
    const report = await runCursor({pool: database.pool, owner, url, ms: SECONDS * 1_000});
    console.log(
      `cursor: ${report.written} acknowledged writes of 2 processes, ${report.pages} pages read, ${report.missed} missed`,
    );
    expect(report.missed).toBe(0);
    expect(report.isMonotone).toBe(true);
    expect(report.logged).toBe(report.written);
    expect(report.written).toBeGreaterThan(SECONDS * 40);
    const {rows} = await owner.query<{seq: number}>('SELECT seq FROM audit_logs ORDER BY seq');
    expect(rows.every(({seq}, index) => seq === index + 1)).toBe(true);
  },
  60_000 + SECONDS * 2_000,
);
