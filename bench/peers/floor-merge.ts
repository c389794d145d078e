// floor-merge: the least that a server can do which merges, encrypts and writes rows before it acknowledges. Stock Yjs
// documents in memory, loaded when first touched; per group each touched document is encoded once, sealed once, and
// written with its values as JSON. No tokens, guard, schema, scope, history, conflicts, audit, or feed.
import {createCipheriv, createDecipheriv, randomBytes} from 'node:crypto';
import type pg from 'pg';
import * as Y from 'yjs';
import {recordOf} from '../load/tasks.ts';
import type {FloorStore} from './floor-store.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const key = Buffer.alloc(32, 1);

function seal(bytes: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function unseal(bytes: Buffer): Buffer {
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}

interface Edit {
  readonly record: number;
  readonly apply: (doc: Y.Doc) => void;
}

export async function openMergeStore(pool: pg.Pool): Promise<FloorStore> {
  await pool.query(`
    CREATE TABLE IF NOT EXISTS documents (record int PRIMARY KEY, seq bigserial NOT NULL, body bytea NOT NULL, payload jsonb NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS documents_seq ON documents (seq)`);
  const docs = new Map<number, Y.Doc>();
  /** Groups over the socket and over REST, one after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  const load = async (records: readonly number[]): Promise<void> => {
    const missing = records.filter((record) => !docs.has(record));
    if (missing.length === 0) return;
    const {rows} = await pool.query<{record: number; body: Buffer}>({
      name: 'load',
      text: 'SELECT record, body FROM documents WHERE record = ANY($1::int[])',
      values: [missing],
    });
    for (const record of missing) docs.set(record, new Y.Doc());
    for (const {record, body} of rows) Y.applyUpdate(docOf(record), unseal(body));
  };
  const docOf = (record: number): Y.Doc => {
    const doc = docs.get(record);
    if (doc === undefined) throw new Error(`Document ${record} is not loaded.`);
    return doc;
  };
  const store = async (edits: readonly Edit[]): Promise<void> => {
    const records = [...new Set(edits.map(({record}) => record))];
    await load(records);
    for (const {record, apply} of edits) apply(docOf(record));
    await pool.query({
      name: 'store',
      text: `INSERT INTO documents (record, body, payload) SELECT * FROM unnest($1::int[], $2::bytea[], $3::jsonb[])
        ON CONFLICT (record) DO UPDATE SET body = excluded.body, payload = excluded.payload, seq = nextval('documents_seq_seq')`,
      values: [
        records,
        records.map((record) => seal(Y.encodeStateAsUpdate(docOf(record)))),
        records.map((record) => JSON.stringify(docOf(record).getMap('fields'))),
      ],
    });
  };
  const inTurn = (edits: readonly Edit[]): Promise<void> => {
    const done = turn.then(() => store(edits));
    turn = done.catch(() => undefined);
    return done;
  };
  return {
    commit: (updates) =>
      inTurn(updates.map(({record, update}) => ({record, apply: (doc): void => Y.applyUpdate(doc, update)}))),
    async upsert(changes) {
      await inTurn(
        changes.map(({id, payload}) => ({
          record: recordOf(id),
          apply(doc): void {
            const map = doc.getMap('fields');
            doc.transact(() => {
              for (const [field, value] of Object.entries(payload)) map.set(field, [Date.now(), value]);
            });
          },
        })),
      );
      return changes.map(({id}) => ({id}));
    },
    select: null,
  };
}
