// What the harness may ask of a load process. Arguments and answers travel by structured clone.
import type {CaughtUp, CatchUpPath, BurstPath, Access, PeerName} from '../peers/peer.ts';
import type {Drive, GroupReport, GroupSettings} from './device-group.ts';

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
  readonly used: (input: null) => Promise<Used>;
}

export type WorkerRequest = {
  [Name in keyof WorkerCalls]: {id: number; name: Name; input: Parameters<WorkerCalls[Name]>[0]};
}[keyof WorkerCalls];

export type WorkerAnswer = {readonly id: number} & ({readonly result: unknown} | {readonly error: string});
