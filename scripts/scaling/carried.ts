// How many devices one Postgres carries, and how many machines of a Citus cluster more of them take. Pure: measured costs
// and stated assumptions in, a table out. `node --import ./load-typescript.js scripts/scaling/print.ts` prints it as
// docs/scaling.md has it.

/** Bytes on disk with indexes; test/scaling/storage.pg.test.ts measures them. */
export const measuredBytes = {
  /** A task with a dozen values and a short note: its document, sealed, and its typed row. */
  record: 3_300,
  /** The log's row and the kept answer to a push. */
  change: 780,
  conflict: 1_050,
};

/** Milliseconds of Postgres' CPU per edit, by the bench (`offline-burst`, `live`). */
export const measuredMs = {single: 1, grouped: 0.13};

/** What is assumed of the business and of the machines; change any and look again. */
export interface Assumptions {
  readonly editsPerDevicePerDay: number;
  /** Hours in which these are made. */
  readonly workingHours: number;
  /** The busiest minutes against the average of the working day. */
  readonly peakFactor: number;
  /** Of edits in those minutes that commit alone; the others in groups. */
  readonly shareSingle: number;
  /** All of Postgres' work against that of edits: reading, connecting, vacuum, replication. */
  readonly workFactor: number;
  readonly conflictsPerEdit: number;
  readonly recordsPerDevicePerYear: number;
  /** Live bytes against bytes on disk: dead rows, free space. */
  readonly bloatFactor: number;
  readonly daysPerYear: number;
  readonly yearsKept: number;
  readonly machine: {readonly cores: number; readonly busyMax: number; readonly storageBytes: number};
  /** What a worker of a cluster loses to being one. */
  readonly clusterFactor: number;
}

export const assumptions: Assumptions = {
  editsPerDevicePerDay: 150,
  workingHours: 8,
  peakFactor: 4,
  shareSingle: 0.7,
  workFactor: 3,
  conflictsPerEdit: 0.01,
  recordsPerDevicePerYear: 2_000,
  bloatFactor: 1.5,
  daysPerYear: 250,
  yearsKept: 3,
  machine: {cores: 32, busyMax: 0.6, storageBytes: 8e12},
  clusterFactor: 1.3,
};

export interface Carried {
  readonly devices: number;
  readonly editsPerSecond: number;
  /** Busy at the peak. */
  readonly cores: number;
  /** After `yearsKept`. */
  readonly bytes: number;
  /** Of the assumed kind: 1 is one Postgres, more are the workers of a cluster. */
  readonly machines: number;
  /** What asks for them. */
  readonly bound: 'cpu' | 'storage';
}

/** devices: above 0. */
export function carry(devices: number, given: Assumptions = assumptions): Carried {
  const {machine, shareSingle, clusterFactor} = given;
  const perDay = devices * given.editsPerDevicePerDay;
  const editsPerSecond = (perDay / (given.workingHours * 3_600)) * given.peakFactor;
  const msPerEdit = measuredMs.single * shareSingle + measuredMs.grouped * (1 - shareSingle);
  const cores = (editsPerSecond * msPerEdit * given.workFactor) / 1_000;
  const edits = perDay * given.daysPerYear * given.yearsKept;
  const records = devices * given.recordsPerDevicePerYear * given.yearsKept;
  const live =
    edits * (measuredBytes.change + measuredBytes.conflict * given.conflictsPerEdit) +
    records * measuredBytes.record;
  const bytes = live * given.bloatFactor;
  const byCpu = cores / (machine.cores * machine.busyMax);
  const byStorage = bytes / machine.storageBytes;
  const need = Math.max(byCpu, byStorage);
  return {
    devices,
    editsPerSecond,
    cores,
    bytes,
    machines: need <= 1 ? 1 : Math.ceil(need * clusterFactor),
    bound: byCpu >= byStorage ? 'cpu' : 'storage',
  };
}

/** The most devices that one machine carries. */
export function mostOnOne(given: Assumptions = assumptions): number {
  // Everything grows in step with the devices.
  const {cores, bytes} = carry(1, given);
  const {machine} = given;
  return Math.floor(Math.min((machine.cores * machine.busyMax) / cores, machine.storageBytes / bytes));
}
