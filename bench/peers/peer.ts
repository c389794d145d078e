// What the bench asks of a peer, ours among them. One interface, so that every scenario drives all peers with the
// same code: starting happens in the harness, devices live in processes of their own.

export const peerNames = ['fieldmerge', 'floor-ws', 'floor-pg', 'hocuspocus'] as const;
export type PeerName = (typeof peerNames)[number];

/** Everything a device needs to reach a server. Plain JSON: it travels to the load processes. */
export interface Access {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly tenantId: string;
  /** Bearer tokens, one per device; empty where a peer knows no tokens. */
  readonly tokens: readonly string[];
  /** Where a device stands that has everything seeded; empty where a peer has no such thing. */
  readonly cursor: string;
}

export interface StartOptions {
  /** A database of this peer alone, empty at the first start. */
  readonly databaseUrl: string;
  /** A folder of this peer alone, the same at every start on this database. */
  readonly folder: string;
  readonly devices: number;
  /** Where the server process leaves its CPU profile when it ends. */
  readonly profileFolder: string | undefined;
}

export interface PeerServer {
  readonly access: Access;
  /** Of the server process, to read its CPU time and memory. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** A record by its number (load/tasks.ts) and a Yjs V1 update of it. */
export interface TaskUpdate {
  readonly record: number;
  readonly update: Uint8Array;
}

export interface DeviceEvents {
  /** Another device's edit, or several of one record. May also bring the device's own. */
  onUpdate(update: TaskUpdate): void;
  /** The server has taken the oldest request not yet acknowledged (what that promises: `Promises`). */
  onAck(request: number): void;
  /** A refusal, or a connection that ended. Fails the run. */
  onFault(message: string): void;
}

/** One open connection of one device. */
export interface DeviceLink {
  /** request: 1, 2, 3 ... in order. Edits of one request belong to distinct records. */
  send(request: number, edits: readonly TaskUpdate[]): void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** From 0. */
  readonly device: number;
  /** Records the device follows: 0 to `records` - 1. */
  readonly records: number;
}

/** How a device that was away gets what changed, and how it sends what it did meanwhile. */
export type CatchUpPath = 'socket' | 'rest-json' | 'rest-yjs' | 'documents' | 'bare select';
export type BurstPath = 'socket' | 'rest-json' | 'rest-yjs' | 'documents';

/** A device with many edits of distinct records to deliver. */
export interface BurstLink {
  /** Resolves when the last edit is acknowledged. Rejects if any is refused. */
  push(edits: readonly BurstEdit[]): Promise<void>;
  close(): Promise<void>;
}

export interface BurstEdit extends TaskUpdate {
  readonly field: string;
  readonly value: unknown;
  /** Device clock at the edit, ms since epoch. */
  readonly at: number;
}

export interface CaughtUp {
  /** Records received, decoded and kept, each once. */
  readonly records: number;
  readonly bytes: number;
}

/** What an acknowledgement and an edit are worth. Printed beside the figures. */
export interface Promises {
  readonly ack: 'committed' | 'in memory' | 'relayed';
  readonly checks: string;
  readonly missing: string;
}

export interface Peer {
  readonly name: PeerName;
  readonly promises: Promises;
  readonly catchUpPaths: readonly CatchUpPath[];
  readonly burstPaths: readonly BurstPath[];
  start(options: StartOptions): Promise<PeerServer>;
  /** Puts the first documents of records 0 to `records` - 1 where the server keeps them. Resolves with `Access.cursor`. */
  seed(server: PeerServer, options: StartOptions & {readonly records: number}): Promise<string>;
  /** Resolves when the device receives the edits of all its records. */
  connect(access: Access, options: ConnectOptions, events: DeviceEvents): Promise<DeviceLink>;
  catchUp(access: Access, options: ConnectOptions & {readonly path: CatchUpPath}): Promise<CaughtUp>;
  openBurst(access: Access, options: ConnectOptions & {readonly path: BurstPath}): Promise<BurstLink>;
}
