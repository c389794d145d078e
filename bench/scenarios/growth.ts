// Does an edit cost more when its record was edited often, or when its tenant has many records?
import {WRITERS} from '../load/record-writer.ts';
import {startWorker, type Worker} from '../load/worker-process.ts';
import type {PeerServer} from '../peers/peer.ts';
import {percentile} from '../statistics.ts';
import {scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';

const EDITS = [1, 10, 100, 1_000, 10_000];
const RECORDS = [1_000, 10_000, 100_000, 1_000_000];
/** Of each step the last so many edits are timed. */
const TIMED_EDITS = 200;
/** Records that are edited in a large tenant; the rest lies there. */
const EDITED = 200;
const SECONDS = 4;

const editsWay = (edits: number): string => `edits ${edits}`;
const recordsWay = (records: number): string => `records ${records}`;
const [fewest = 0, most = 0] = [RECORDS[0], RECORDS.at(-1)];

const flat = {way: recordsWay(most), against: {peer: 'fieldmerge', way: recordsWay(fewest)}} as const;

export const growth: Scenario = {
  name: 'growth',
  question: 'Does an edit cost more in a record edited often, or in a tenant with many records?',
  load: `${WRITERS} devices in turn write one field of one record, ${EDITS.at(-1) ?? 0} times in all; one device edits ${EDITED} tasks of a tenant with up to ${most} records for ${SECONDS} s, one edit outstanding`,
  columns: [
    {key: 'kilobytes', title: 'document', unit: 'KB', better: 'lower'},
    {key: 'p50', title: 'ack p50', unit: 'ms', better: 'lower'},
    {key: 'p99', title: 'ack p99', unit: 'ms', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us', better: 'lower'},
  ],
  goals: [
    {key: 'kilobytes', way: editsWay(EDITS.at(-1) ?? 0), bound: {atMost: 16}},
    {
      key: 'p50',
      way: editsWay(EDITS.at(-1) ?? 0),
      against: {peer: 'fieldmerge', way: editsWay(100)},
      bound: {atMost: 1.25},
    },
    {key: 'p50', ...flat, bound: {atMost: 1.25}},
    {key: 'cpuPerEdit', ...flat, bound: {atMost: 1.25}},
  ],
  charts: [
    {
      name: 'growth-document',
      title: 'Size of a document against edits of one field',
      kind: 'lines',
      key: 'kilobytes',
      unit: 'KB',
      ways: 'edits ',
      sizes: 'edits of the record so far',
      isLog: true,
    },
    {
      name: 'growth-edits',
      title: 'Time until an edit is acknowledged, against edits before it',
      kind: 'lines',
      key: 'p50',
      unit: 'ms',
      ways: 'edits ',
      sizes: 'edits of the record so far',
    },
    {
      name: 'growth-records',
      title: 'Time until an edit is acknowledged, against records in the tenant',
      kind: 'lines',
      key: 'p50',
      unit: 'ms',
      ways: 'records ',
      sizes: 'records in the tenant',
    },
  ],
  isFor: (peer) => peer.isLive && peer.keepsDocuments,
  async run(trial) {
    const rows = await editOneRecord(trial);
    if (trial.peer.fill === undefined) return rows;
    await trial.forget();
    return [...rows, ...(await editInLargeTenants(trial))];
  },
};

async function editOneRecord(trial: Trial): Promise<Row[]> {
  const {name: peer} = trial.peer;
  const server = await trial.startServer({devices: WRITERS + 1, records: 1});
  const worker = startWorker();
  try {
    await worker.call('openWriter', {peer, access: server.access});
    const rows: Row[] = [];
    let done = 0;
    for (const edits of EDITS.filter((count) => count === 1 || count <= (EDITS.at(-1) ?? 0) * trial.scale)) {
      const timed = Math.min(TIMED_EDITS, edits - done);
      await worker.call('writeRecord', {edits: edits - done - timed});
      const {result: latencies, cost} = await trial.measure(server, () =>
        worker.call('writeRecord', {edits: timed}),
      );
      done = edits;
      latencies.sort();
      const values = {
        kilobytes: (await stateBytes(trial, server)) / 1_024,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        cpuPerEdit: (cost.serverCpuSeconds * 1e6) / timed,
        postgresPerEdit: (cost.postgresCpuSeconds * 1e6) / timed,
      };
      rows.push({way: editsWay(edits), values});
    }
    await worker.call('closeWriter', null);
    return rows;
  } finally {
    await worker.stop();
  }
}

/** What another device gets that opens the record. */
async function stateBytes(trial: Trial, {access}: PeerServer): Promise<number> {
  const path = trial.peer.catchUpPaths.find(
    (candidate) => candidate === 'socket' || candidate === 'documents',
  );
  if (path === undefined) throw new Error(`${trial.peer.name} has no documents to open`);
  const worker = startWorker();
  try {
    const {bytes, records} = await worker.call('catchUp', {peer: trial.peer.name, access, records: 1, path});
    if (records !== 1) throw new Error(`${records} records came, not one`);
    return bytes;
  } finally {
    await worker.stop();
  }
}

async function editInLargeTenants(trial: Trial): Promise<Row[]> {
  const edited = Math.round(scaled(EDITED, {scale: trial.scale, min: 5}));
  const needs = {devices: RECORDS.length, records: RECORDS.length * edited};
  const rows: Row[] = [];
  for (const [step, full] of RECORDS.entries()) {
    const records = Math.round(full * trial.scale);
    // At a small load the smallest tenants would be smaller than what is edited in them.
    if (records < needs.records) continue;
    await trial.startServer(needs);
    await trial.fill(records);
    const server = await trial.startServer(needs);
    const worker = startWorker();
    try {
      rows.push(
        await editAmong(trial, {server, worker, records, edited: {first: step * edited, count: edited}}),
      );
    } finally {
      await worker.stop();
    }
  }
  return rows;
}

/** Each size has a device and records of its own: the device knows only what was seeded. */
async function editAmong(
  trial: Trial,
  {
    server,
    worker,
    records,
    edited,
  }: {
    server: PeerServer;
    worker: Worker;
    records: number;
    edited: {first: number; count: number};
  },
): Promise<Row> {
  await worker.call('connect', {
    peer: trial.peer.name,
    access: server.access,
    members: [edited.first / edited.count],
    devices: RECORDS.length,
    records: RECORDS.length * edited.count,
    edited,
    sampled: [],
    isUpToDate: true,
  });
  const seconds = scaled(SECONDS, {scale: trial.scale, min: 0.5});
  const drive = {kind: 'outstanding', edits: 1, seconds} as const;
  // A server that was just started is slower, which says nothing about the size of its tenant.
  const before = await worker.call('drive', drive);
  const {result: total, cost} = await trial.measure(server, () => worker.call('drive', drive));
  const edits = total - before;
  const {faults, ackLatencies} = await worker.call('settle', total);
  await worker.call('disconnect', null);
  if (faults.length > 0) throw new Error(`faults: ${faults.join('; ')}`);
  if (edits === 0 || ackLatencies.length < edits) throw new Error('an edit was not acknowledged');
  ackLatencies.sort();
  const values = {
    kilobytes: NaN,
    p50: percentile(ackLatencies, 0.5),
    p99: percentile(ackLatencies, 0.99),
    cpuPerEdit: (cost.serverCpuSeconds * 1e6) / edits,
    postgresPerEdit: (cost.postgresCpuSeconds * 1e6) / edits,
  };
  return {way: recordsWay(records), values};
}
