// What a scenario is: one question, asked of each peer in the same way. run-scenario.ts asks it.
import type {Peer, PeerName, PeerServer} from '../peers/peer.ts';

/** One peer's turn: a database and a folder of its own, and the means to look at the server from outside. */
export interface Trial {
  readonly peer: Peer;
  /** 1 is the full load; smaller ones are for checking, and their figures compare with nothing. */
  readonly scale: number;
  /**
   * Starts the peer's server, and before that, the first time, one to seed the records with: no cache holds
   * them. Stops one that runs.
   */
  startServer(needs: {devices: number; records: number}): Promise<PeerServer>;
  /** Stops the server and drops its database; the next start seeds a new one. */
  forget(): Promise<void>;
  /** Runs `work` and tells what it cost the server and Postgres. */
  measure<T>(server: PeerServer, work: () => Promise<T>): Promise<{result: T; cost: Cost}>;
}

export interface Cost {
  readonly serverCpuSeconds: number;
  readonly postgresCpuSeconds: number;
  readonly serverPeakBytes: number;
}

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
}

/** One line of the table: a peer, or one of the ways to ask it. */
export interface Row {
  readonly way: string;
  readonly values: Readonly<Record<string, number>>;
}

/** `key` of ours divided by that of the peer; the bound holds for medians at full scale. */
export interface Goal {
  readonly key: string;
  readonly way: string;
  readonly against: {readonly peer: PeerName; readonly way: string; readonly key?: string};
  readonly bound: {readonly atMost: number} | {readonly atLeast: number};
}

export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** What is done, with the numbers at full scale. */
  readonly load: string;
  readonly columns: readonly Column[];
  readonly goals: readonly Goal[];
  isFor(peer: Peer): boolean;
  /** Throws if the peer loses an edit, refuses one, or leaves its devices apart. */
  run(trial: Trial): Promise<readonly Row[]>;
}
