// Two server processes write to one tenant as fast as they can while a reader follows the feed by its positions.
// Whatever was acknowledged must come by.
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type pg from 'pg';
import {deviceId} from '#crdt/protocol/ids.ts';
import {createKeyring} from '#db/cipher.ts';
import {createMembers, type Member} from '#server/sync/members.ts';
import {createService, type Service} from '#server/sync/service.ts';
import {createTenant} from '#server/sync/tenants.ts';
import {createUsers} from '#server/sync/users.ts';

/** Given to a writer process as one argument. */
export interface WriterTask {
  readonly url: string;
  /** Base64. */
  readonly masterKey: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly writers: number;
  readonly ms: number;
  /** Records that all writers edit beside the ones they make. */
  readonly shared: readonly string[];
}

/** A write that was acknowledged: its record, and its position. */
export type AckedWrite = readonly [id: string, seq: number];

export interface CursorReport {
  readonly written: number;
  /** Acknowledged writes that the reader never saw, at their own position or a later one of the record. */
  readonly missed: number;
  readonly pages: number;
  /** Whether positions ever went back, or a page held something at or below its cursor. */
  readonly isMonotone: boolean;
  readonly logged: number;
}

const writerFile = fileURLToPath(new URL('cursor-writer.ts', import.meta.url));
const PROCESSES = 2;
const WRITERS = 24;
const PAGE = 40;

export async function runCursor({
  pool,
  owner,
  url,
  ms,
}: {
  pool: pg.Pool;
  owner: pg.Pool;
  url: string;
  ms: number;
}): Promise<CursorReport> {
  const masterKey = randomBytes(32);
  const keyring = createKeyring({current: masterKey});
  const service = await createService({pool, keyring, now: Date.now, onFault: () => undefined});
  const member = await makeManager(service);
  const {tenantId, userId} = member;
  await slowCommits(owner);
  const shared = Array.from({length: 10}, () => randomUUID());
  const task: WriterTask = {
    url,
    masterKey: masterKey.toString('base64'),
    tenantId,
    userId,
    writers: WRITERS,
    ms,
    shared,
  };
  const children = Array.from({length: PROCESSES}, () => startWriter(task));
  const state = {isWriting: true};
  const acked = Promise.all(children).then((writes) => {
    state.isWriting = false;
    return writes.flat();
  });
  const [reading, writes] = await Promise.all([follow(service, member, () => state.isWriting), acked]);
  const missed = writes.filter(([id, seq]) => (reading.seen.get(id) ?? -1) < seq);
  const {rows} = await owner.query<{logged: number}>(
    `SELECT count(*) AS logged FROM audit_logs WHERE tenant_id = $1 AND entity = 'tasks'`,
    [tenantId],
  );
  const {pages, isMonotone} = reading;
  return {written: writes.length, missed: missed.length, pages, isMonotone, logged: rows[0]?.logged ?? 0};
}

async function makeManager({pool, keyring}: Service): Promise<Member> {
  const subject = `user_${randomUUID()}`;
  const user = await createUsers({pool, now: Date.now}).resolveUser({
    subject,
    email: `${subject}@example.com`,
    emailVerified: true,
    name: 'Writer',
  });
  const {id: tenantId} = await createTenant({pool, keyring}, {userId: user.id, name: 'Cursor'});
  const device = deviceId.parse(randomUUID());
  return createMembers({pool, now: Date.now}).resolveMember({userId: user.id, tenantId, deviceId: device});
}

/** One commit in ten takes longer, as on a busy disk: the others overtake it if they can. */
async function slowCommits(owner: pg.Pool): Promise<void> {
  await owner.query(`
    CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF random() < 0.1 THEN PERFORM pg_sleep(0.03); END IF; RETURN NULL; END $$;
    CREATE TRIGGER slow_commit AFTER INSERT ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION slow_commit()`);
}

async function startWriter(task: WriterTask): Promise<AckedWrite[]> {
  const child = spawn('node', ['--import', './load-typescript.js', writerFile, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [writes] = await Promise.all([readWrites(child), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`A writer ended with ${child.exitCode ?? 'a signal'}`);
  return writes;
}

async function readWrites({stdout}: ChildProcess): Promise<AckedWrite[]> {
  const writes: AckedWrite[] = [];
  if (stdout === null) return writes;
  for await (const line of createInterface({input: stdout})) {
    const [id = '', seq = ''] = line.split(' ');
    writes.push([id, Number(seq)]);
  }
  return writes;
}

/** Reads pages until nothing is written any more and nothing is left. */
async function follow(service: Service, member: Member, isWriting: () => boolean) {
  const seen = new Map<string, number>();
  let after = 0;
  let pages = 0;
  let isMonotone = true;
  for (let isLast = false; !isLast;) {
    // Asked before the page is read: what was written until then must be in it or in those before it.
    const wasWriting = isWriting();
    const page = await service.feed.readPage(member, {after, limit: PAGE});
    let last = after;
    for (const {id, seq} of page.items) {
      isMonotone &&= seq > last;
      last = seq;
      seen.set(id, seq);
    }
    isMonotone &&= page.to >= last;
    after = page.to;
    pages++;
    isLast = !wasWriting && !page.hasMore;
  }
  return {seen, pages, isMonotone};
}
