// Run as a process of its own by cursor-harness.ts: a server node without edges, and many writers on it. Prints
// the record and position of every acknowledged write.
import {randomUUID} from 'node:crypto';
import type {JsonChange} from '#crdt/change.ts';
import {tenantId as tenantIdSchema} from '#crdt/protocol/ids.ts';
import {createKeyring} from '#db/cipher.ts';
import {connectDatabase} from '#db/connect.ts';
import {createService} from '#server/sync/service.ts';
import type {AckedWrite, WriterTask} from './cursor-harness.ts';

const task = JSON.parse(process.argv[2] ?? '{}') as WriterTask;
const {pool, end} = connectDatabase({url: task.url, poolSize: 4, applicationName: 'cursor writer'});
const service = await createService({
  pool,
  keyring: createKeyring({current: Buffer.from(task.masterKey, 'base64')}),
  now: Date.now,
  onFault: ({kind, error}) => {
    if (kind !== 'race') console.error(kind, error);
  },
});

const writes: AckedWrite[] = [];
const until = Date.now() + task.ms;

async function write(writer: number): Promise<void> {
  const deviceId = randomUUID();
  for (let count = 0; Date.now() < until; count++) {
    const id = count % 4 === 3 ? (task.shared[(writer + count) % task.shared.length] ?? '') : randomUUID();
    const now = Date.now();
    const change: JsonChange = {
      kind: 'json',
      op: 'upsert',
      entity: 'tasks',
      id,
      changeId: randomUUID(),
      at: now,
      base: {kind: 'current'},
      payload: {title: `Writer ${process.pid} ${writer} ${count}`},
    };
    const receipt = await service.lanes.submit({
      tenantId: tenantIdSchema.parse(task.tenantId),
      userId: task.userId,
      deviceId,
      change,
      now,
      offset: 0,
      changeId: null,
    });
    if (receipt.kind !== 'applied' || receipt.seq === null) throw new Error(`Not applied: ${receipt.kind}`);
    writes.push([id, receipt.seq]);
  }
}

await Promise.all(Array.from({length: task.writers}, (_, writer) => write(writer)));
await end();
process.stdout.write(writes.map(([id, seq]) => `${id} ${seq}\n`).join(''));
