// Which edit was sent when, and how many devices had it by when. Edits are named by device, record and the clock
// of their one item, so that any receiver can tell them from the bytes alone.

/** Per edit four numbers: device, record, clock, and when it was sent (clockMs). */
export type SentLog = Float64Array;
/** Per edit five numbers: device, record, clock, how many devices received it, and when the last of them did. */
export type ReceivedLog = Float64Array;

export interface Deliveries {
  sent(edit: {device: number; record: number; clock: number}, at: number): void;
  received(edit: {device: number; record: number; clock: number}, at: number): void;
  sentLog(): SentLog;
  receivedLog(): ReceivedLog;
}

/** Of all devices of one process. */
export function createDeliveries(records: number): Deliveries {
  const sentAt = new Map<number, number[]>();
  const lastAt = new Map<number, number[]>();
  const counts = new Map<number, number[]>();
  const listOf = (lists: Map<number, number[]>, key: number): number[] => {
    let list = lists.get(key);
    if (list === undefined) lists.set(key, (list = []));
    return list;
  };
  const flatten = (lists: Map<number, number[]>, extra: (key: number, clock: number) => number[]) => {
    const flat: number[] = [];
    for (const [key, list] of lists) {
      for (let clock = 0; clock < list.length; clock++)
        flat.push(Math.floor(key / records), key % records, clock, ...extra(key, clock));
    }
    return Float64Array.from(flat);
  };
  return {
    sent({device, record, clock}, at) {
      listOf(sentAt, device * records + record)[clock] = at;
    },
    received({device, record, clock}, at) {
      const key = device * records + record;
      listOf(lastAt, key)[clock] = at;
      const count = listOf(counts, key);
      count[clock] = (count[clock] ?? 0) + 1;
    },
    sentLog: () => flatten(sentAt, (key, clock) => [sentAt.get(key)?.[clock] ?? NaN]),
    receivedLog: () =>
      flatten(lastAt, (key, clock) => [counts.get(key)?.[clock] ?? 0, lastAt.get(key)?.[clock] ?? NaN]),
  };
}

export interface DeliverySummary {
  readonly edits: number;
  /** Edits that not every other device received. */
  readonly lost: number;
  /** Milliseconds from sending to the last receiver, ascending; lost edits left out. */
  readonly latencies: Float64Array;
  /** Milliseconds from the first edit sent to the last received. */
  readonly spanMs: number;
}

/** Brings the logs of all processes together. */
export function summarizeDeliveries(
  logs: {sent: readonly SentLog[]; received: readonly ReceivedLog[]},
  {records, devices}: {records: number; devices: number},
): DeliverySummary {
  const receipts = new Map<string, {count: number; at: number}>();
  for (const log of logs.received) {
    for (let index = 0; index < log.length; index += 5) {
      const [device = 0, record = 0, clock = 0, count = 0, at = 0] = log.subarray(index, index + 5);
      const key = `${device * records + record}/${clock}`;
      const known = receipts.get(key);
      receipts.set(key, {count: count + (known?.count ?? 0), at: Math.max(at, known?.at ?? 0)});
    }
  }
  const latencies: number[] = [];
  let [edits, first, last] = [0, Infinity, 0];
  for (const log of logs.sent) {
    for (let index = 0; index < log.length; index += 4) {
      const [device = 0, record = 0, clock = 0, at = 0] = log.subarray(index, index + 4);
      const receipt = receipts.get(`${device * records + record}/${clock}`);
      edits++;
      first = Math.min(first, at);
      if (receipt?.count !== devices - 1) continue;
      last = Math.max(last, receipt.at);
      latencies.push(receipt.at - at);
    }
  }
  return {
    edits,
    lost: edits - latencies.length,
    latencies: Float64Array.from(latencies).sort(),
    spanMs: last - first,
  };
}
