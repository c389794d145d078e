// The proof that cursor.pg.test.ts would notice: with positions from a sequence, as a `bigserial` gives them,
// instead of the tenant's counter and its lock, the same reader misses acknowledged writes.
import type pg from 'pg';
import {expect, onTestFinished, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {runCursor} from './cursor-harness.ts';

/** Puts a view in the counter's place: an update of it takes numbers from a sequence, and no lock. */
async function numberBySequence(pool: pg.Pool): Promise<void> {
  await pool.query(`
    ALTER TABLE tenant_counters RENAME TO tenant_counters_behind;
    CREATE SEQUENCE positions INCREMENT 1000 START 1000;
    CREATE VIEW tenant_counters AS
      SELECT tenant_id, coalesce((SELECT max(l.seq) FROM audit_logs l WHERE l.tenant_id = b.tenant_id), 0) AS seq,
             at, access_version, audit_head, scope_version
      FROM tenant_counters_behind b;
    CREATE FUNCTION take_positions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO tenant_counters_behind VALUES (NEW.tenant_id, 0, now(), 0, NEW.audit_head);
        RETURN NEW;
      END IF;
      IF NEW.access_version <> OLD.access_version THEN
        UPDATE tenant_counters_behind SET access_version = NEW.access_version WHERE tenant_id = OLD.tenant_id;
      END IF;
      NEW.seq := nextval('positions') + NEW.seq - OLD.seq;
      RETURN NEW;
    END $$;
    CREATE TRIGGER take_positions INSTEAD OF INSERT OR UPDATE ON tenant_counters
      FOR EACH ROW EXECUTE FUNCTION take_positions()`);
}

/** Whether two commits overtake each other is up to the machine: one round of seconds nearly always shows it. */
const ROUNDS_MAX = 12;

test('with positions from a sequence the reader misses acknowledged writes', async () => {
  let missed = 0;
  for (let round = 1; round <= ROUNDS_MAX && missed === 0; round++) {
    const {url, database, owner, drop} = await createTestDatabase();
    onTestFinished(drop);
    await numberBySequence(owner);
    const report = await runCursor({pool: database.pool, owner, url, ms: 3_000});
    console.log(`cursor by sequence: ${report.written} acknowledged writes, ${report.missed} missed`);
    missed = report.missed;
  }
  expect(missed).toBeGreaterThan(0);
}, 120_000);
