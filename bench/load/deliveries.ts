// Which edit was sent when, and how many devices had it by when. Edits are named by device, document and the clock
// of their one item, so that any receiver can tell them from the bytes alone. A document is a record in one
// generation: once a server has compacted it, clocks begin anew.

/** Per edit four numbers: device, document, clock, and when it was sent (clockMs). */
export type SentLog = Float64Array;
/** Per edit five numbers: device, document, clock, how many devices received it, and when the last of them did. */
export type ReceivedLog = Float64Array;

/** A device went on from a compacted document: edits of the one before that it had not seen came within its state. */
export interface Reset {
  readonly device: number;
  readonly document: number;
  /** clockMs */
  readonly at: number;
  /** Per device, how many of its edits had been seen. */
  readonly seen: readonly number[];
}

export interface EditName {
  readonly device: number;
  readonly document: number;
  readonly clock: number;
}

export interface Deliveries {
  sent(edit: EditName, at: number): void;
  /** It was not taken, and will be sent again under another name. */
  takenBack(edit: EditName): void;
  received(edit: EditName, at: number): void;
  reset(reset: Reset): void;
  sentLog(): SentLog;
  receivedLog(): ReceivedLog;
  resets(): readonly Reset[];
}

/** More documents than any run has. */
const DOCUMENTS_MAX = 1e9;

/** Of all devices of one process. */
export function createDeliveries(): Deliveries {
  const sentAt = new Map<number, number[]>();
  const lastAt = new Map<number, number[]>();
  const counts = new Map<number, number[]>();
  const resets: Reset[] = [];
  const keyOf = ({device, document}: EditName): number => device * DOCUMENTS_MAX + document;
  const listOf = (lists: Map<number, number[]>, key: number): number[] => {
    let list = lists.get(key);
    if (list === undefined) lists.set(key, (list = []));
    return list;
  };
  const flatten = (lists: Map<number, number[]>, extra: (key: number, clock: number) => number[]) => {
    const flat: number[] = [];
    for (const [key, list] of lists) {
      for (let clock = 0; clock < list.length; clock++)
        if (list[clock] !== undefined)
          flat.push(Math.floor(key / DOCUMENTS_MAX), key % DOCUMENTS_MAX, clock, ...extra(key, clock));
    }
    return Float64Array.from(flat);
  };
  return {
    sent(edit, at) {
      listOf(sentAt, keyOf(edit))[edit.clock] = at;
    },
    takenBack(edit) {
      // eslint-disable-next-line @typescript-eslint/no-array-delete, @typescript-eslint/no-dynamic-delete -- a hole is meant
      delete listOf(sentAt, keyOf(edit))[edit.clock];
    },
    received(edit, at) {
      const key = keyOf(edit);
      listOf(lastAt, key)[edit.clock] = at;
      const count = listOf(counts, key);
      count[edit.clock] = (count[edit.clock] ?? 0) + 1;
    },
    reset: (reset) => void resets.push(reset),
    sentLog: () => flatten(sentAt, (key, clock) => [sentAt.get(key)?.[clock] ?? NaN]),
    receivedLog: () =>
      flatten(lastAt, (key, clock) => [counts.get(key)?.[clock] ?? 0, lastAt.get(key)?.[clock] ?? NaN]),
    resets: () => resets,
  };
}

export interface DeliverySummary {
  /** Those that count. */
  readonly edits: number;
  /** With those of the warm-up. */
  readonly editsInAll: number;
  /** Edits, of all, that not every other device received. */
  readonly lost: number;
  /** Milliseconds from sending to the last receiver, ascending; lost edits left out. */
  readonly latencies: Float64Array;
  /** Milliseconds from the first edit sent to the last received. */
  readonly spanMs: number;
}

interface Logs {
  readonly sent: readonly SentLog[];
  readonly received: readonly ReceivedLog[];
  readonly resets: readonly Reset[];
}

interface Receipt {
  readonly count: number;
  readonly at: number;
}

const nameOf = (device: number, document: number, clock: number): string => `${device}/${document}/${clock}`;

function readReceipts(logs: readonly ReceivedLog[]): Map<string, Receipt> {
  const receipts = new Map<string, Receipt>();
  for (const log of logs) {
    for (let index = 0; index < log.length; index += 5) {
      const [device = 0, document = 0, clock = 0, count = 0, at = 0] = log.subarray(index, index + 5);
      const name = nameOf(device, document, clock);
      const known = receipts.get(name);
      receipts.set(name, {count: count + (known?.count ?? 0), at: Math.max(at, known?.at ?? 0)});
    }
  }
  return receipts;
}

function groupByDocument(resets: readonly Reset[]): Map<number, Reset[]> {
  const groups = new Map<number, Reset[]>();
  for (const reset of resets) groups.set(reset.document, [...(groups.get(reset.document) ?? []), reset]);
  return groups;
}

/** With those devices that had it within a compacted state. */
function addResets(edit: EditName, receipt: Receipt, resets: readonly Reset[]): Receipt {
  const within = resets.filter(
    ({device, seen}) => device !== edit.device && edit.clock >= (seen[edit.device] ?? 0),
  );
  return {
    count: receipt.count + within.length,
    at: Math.max(receipt.at, ...within.map(({at}) => at)),
  };
}

/** Brings the logs of all processes together. from: what was sent before counts only if it was lost. */
export function summarizeDeliveries(
  logs: Logs,
  {devices, from = 0}: {devices: number; from?: number},
): DeliverySummary {
  const receipts = readReceipts(logs.received);
  const resetsByDocument = groupByDocument(logs.resets);
  const latencies: number[] = [];
  let [edits, editsInAll, lost, first, last] = [0, 0, 0, Infinity, 0];
  for (const log of logs.sent) {
    for (let index = 0; index < log.length; index += 4) {
      const [device = 0, document = 0, clock = 0, at = 0] = log.subarray(index, index + 4);
      const direct = receipts.get(nameOf(device, document, clock)) ?? {count: 0, at: 0};
      const resets = resetsByDocument.get(document) ?? [];
      const receipt = addResets({device, document, clock}, direct, resets);
      editsInAll++;
      if (receipt.count !== devices - 1) lost++;
      if (at < from) continue;
      edits++;
      first = Math.min(first, at);
      if (receipt.count !== devices - 1) continue;
      last = Math.max(last, receipt.at);
      latencies.push(receipt.at - at);
    }
  }
  return {
    edits,
    editsInAll,
    lost,
    latencies: Float64Array.from(latencies).sort(),
    spanMs: last - first,
  };
}
