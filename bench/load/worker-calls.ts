// What the harness may ask of a load process. Arguments and answers travel by structured clone.
import type {CaughtUp, CatchUpPath, BurstPath, Access, PeerName} from '../peers/peer.ts';
import type {Drive, GroupReport, GroupSettings} from './device-group.ts';
import type {Crowd, CrowdOpened} from './crowd.ts';
import type {OfflineReport} from './offline-devices.ts';
import type {TenantsReport, TenantsSettings} from './tenant-devices.ts';

export interface Used {
  readonly cpuSeconds: number;
  /** Most memory the process held so far. */
  readonly peakBytes: number;
}

export interface WorkerCalls {
  readonly connect: (settings: GroupSettings & {peer: PeerName}) => Promise<void>;
  readonly drive: (drive: Drive) => Promise<number>;
  readonly settle: (total: number) => Promise<GroupReport>;
  readonly disconnect: (input: null) => Promise<void>;
  /** ms: until the last record is decoded and kept. */
  readonly catchUp: (input: {
    peer: PeerName;
    access: Access;
    records: number;
    path: CatchUpPath;
  }) => Promise<CaughtUp & {ms: number}>;
  /** One push of an edit of every record, and then another on the same connection; ms until acknowledged. */
  readonly burst: (input: {
    peer: PeerName;
    access: Access;
    records: number;
    path: BurstPath;
  }) => Promise<{coldMs: number; warmMs: number}>;
  /** Opens sockets that stay idle. */
  readonly openCrowd: (crowd: Crowd & {peer: PeerName; access: Access}) => Promise<CrowdOpened>;
  /** Cuts them all and opens all again at once; ms until the last is there. */
  readonly storm: (input: null) => Promise<CrowdOpened>;
  readonly closeCrowd: (input: null) => Promise<void>;
  /** Devices that edited the same records while they were away push all at once. */
  readonly pushOffline: (input: {
    peer: PeerName;
    access: Access;
    records: number;
    devices: number;
    kind: 'plain' | 'conflicting';
  }) => Promise<OfflineReport>;
  /** Pairs of devices, one pair in each tenant. */
  readonly openTenants: (settings: TenantsSettings & {peer: PeerName; access: Access}) => Promise<void>;
  /** All edit at a steady rate. Resolves when every edit is acknowledged and with the other device. */
  readonly driveTenants: (input: {editsPerSecond: number; seconds: number}) => Promise<TenantsReport>;
  readonly closeTenants: (input: null) => Promise<void>;
  /** One device writes one record, again and again; ms of each write. */
  readonly openWriter: (input: {peer: PeerName; access: Access}) => Promise<void>;
  readonly writeRecord: (input: {edits: number}) => Promise<Float64Array>;
  readonly closeWriter: (input: null) => Promise<void>;
  readonly used: (input: null) => Promise<Used>;
}

export type WorkerRequest = {
  [Name in keyof WorkerCalls]: {id: number; name: Name; input: Parameters<WorkerCalls[Name]>[0]};
}[keyof WorkerCalls];

export type WorkerAnswer = {readonly id: number} & ({readonly result: unknown} | {readonly error: string});
