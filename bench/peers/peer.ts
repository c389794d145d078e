// What the bench asks of a peer, ours among them. One interface, so that every scenario drives all peers with the
// same code: starting happens in the harness, devices live in processes of their own.

export const peerNames = [
  'fieldmerge',
  'floor-ws',
  'floor-uws',
  'floor-pg',
  'floor-merge',
  'hocuspocus',
  'y-websocket',
  'pouchdb',
] as const;
export type PeerName = (typeof peerNames)[number];

/** Everything a device needs to reach a server. Plain JSON: it travels to the load processes. */
export interface Access {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly tenantId: string;
  /** Bearer tokens, one per device; empty where a peer knows no tokens. */
  readonly tokens: readonly string[];
  /** Where a manager's device stands that has everything seeded; empty where a peer has no such thing. */
  readonly cursor: string;
  /** Tenants beside the first, each with a manager of its own; empty where a peer has no tenants. */
  readonly others: readonly {readonly tenantId: string; readonly tokens: readonly string[]}[];
}

/** To a peer that knows neither tokens nor tenants. `ready`: what the server said it listens at. */
export const openAccess = ({ready}: {readonly ready: readonly string[]}): Access => ({
  url: ready[0] ?? '',
  tenantId: '',
  tokens: [],
  cursor: '',
  others: [],
});

/** As the devices of another tenant have it, from 0 as well. Where a peer has no tenants, all share the one. */
export function accessOfTenant(access: Access, tenant: number): Access {
  const other = access.others[tenant];
  if (other === undefined) return access;
  return {...access, ...other, cursor: ''};
}

/** What a scenario asks of a server and of what it finds there. */
export interface Needs {
  readonly devices: number;
  /** In the first tenant. */
  readonly records: number;
  /** Odd devices belong to employees of the team that has the tasks, where a peer has roles; else all to managers. */
  readonly hasEmployees?: boolean;
  /** Tenants beside the first, devices and records in each of them. None if absent. */
  readonly others?: {readonly tenants: number; readonly devices: number; readonly records: number};
  /** What serves the sockets, where a peer has a choice; what it takes by itself if absent. */
  readonly transport?: 'ws' | 'uws';
}

export interface StartOptions {
  /** A database of this peer alone, empty at the first start. */
  readonly databaseUrl: string;
  /** A folder of this peer alone, the same at every start on this database. */
  readonly folder: string;
  readonly needs: Needs;
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
  /** The server has compacted a document: what a device has of it is replaced by this state, once per generation. */
  onReset?(reset: TaskUpdate & {generation: number}): void;
  /** A request was made on a document compacted since: its edit is to be made again, under the same number. */
  onRewrite?(request: number): void;
}

/** One open connection of one device. */
export interface DeviceLink {
  /** request: 1, 2, 3 ... in order. Edits of one request belong to distinct records. */
  send(request: number, edits: readonly TaskUpdate[]): void;
  /** Cuts the connection without a word, as a network does. */
  drop(): void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** From 0. */
  readonly device: number;
  /** Records the device follows: 0 to `records` - 1. */
  readonly records: number;
  /** The device has everything up to `Access.cursor`. It has nothing if absent. */
  readonly isUpToDate?: boolean;
}

/** How a device that was away gets what changed, and how it sends what it did meanwhile. */
export type CatchUpPath = 'socket' | 'rest-json' | 'rest-yjs' | 'documents' | 'bare select' | 'replication';
export type BurstPath = 'socket' | 'rest-json' | 'rest-yjs' | 'documents' | 'replication';

/** A device with many edits of distinct records to deliver. */
export interface BurstLink {
  /**
   * Resolves when the last edit is acknowledged, with how many of them the server told to be in conflict. Rejects if
   * any is refused.
   */
  push(edits: readonly BurstEdit[]): Promise<number>;
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
  readonly ack: 'committed' | 'written, not synced' | 'in memory' | 'relayed';
  readonly checks: string;
  readonly missing: string;
}

export interface Peer {
  readonly name: PeerName;
  readonly promises: Promises;
  /** Whether devices can stay connected and see each other's edits. */
  readonly isLive: boolean;
  /** Whether it keeps what is acknowledged, and documents to be opened. */
  readonly keepsDocuments: boolean;
  readonly hasTenants: boolean;
  /** Whether it comes from npm and is installed when first asked for. */
  readonly isForeign: boolean;
  readonly catchUpPaths: readonly CatchUpPath[];
  readonly burstPaths: readonly BurstPath[];
  /** Why it cannot be measured on this machine; null if it can. */
  findObstacle(): string | null;
  start(options: StartOptions): Promise<PeerServer>;
  /** Puts the first documents where the server keeps them. Resolves with `Access.cursor`. */
  seed(server: PeerServer, options: StartOptions): Promise<string>;
  /** Resolves when the device receives the edits of all its records. */
  connect(access: Access, options: ConnectOptions, events: DeviceEvents): Promise<DeviceLink>;
  catchUp(access: Access, options: ConnectOptions & {readonly path: CatchUpPath}): Promise<CaughtUp>;
  openBurst(access: Access, options: ConnectOptions & {readonly path: BurstPath}): Promise<BurstLink>;
  /** Where it can be given many records without sending them: see fieldmerge-filler.ts. */
  readonly fill?: (options: FillOptions) => Promise<void>;
  /** The cursor after all that is there now. */
  readonly readCursor?: (access: Access) => Promise<string>;
}

export interface FillOptions {
  readonly databaseUrl: string;
  readonly tenantId: string;
  /** In the tenant afterwards, those seeded among them. */
  readonly records: number;
}
