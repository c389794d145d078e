// What a scenario is: one question, asked of each peer in the same way. run-scenario.ts asks it.
import type {Needs, Peer, PeerName, PeerServer} from '../peers/peer.ts';

/** One peer's turn: a database and a folder of its own, and the means to look at the server from outside. */
export interface Trial {
  readonly peer: Peer;
  /** 1 is the full load; smaller ones are for checking, and their figures compare with nothing. */
  readonly scale: number;
  /**
   * Starts the peer's server, and before that, the first time, one to seed the records with: no cache holds
   * them. Stops one that runs.
   */
  startServer(needs: Needs): Promise<PeerServer>;
  /**
   * Stops the server and puts so many records into its first tenant that it has `records`, where the peer can be
   * filled (`Peer.fill`). The server started next has them.
   */
  fill(records: number): Promise<void>;
  /** Stops the server and drops its database; the next start seeds a new one. */
  forget(): Promise<void>;
  /** Memory of the server process now. */
  residentBytes(server: PeerServer): Promise<number>;
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
  /** Which way is worse; absent where neither is. */
  readonly better?: 'lower' | 'higher' | undefined;
}

/** One line of the table: a peer, or one of the ways to ask it. */
export interface Row {
  readonly way: string;
  /** NaN where a peer has no such figure. */
  readonly values: Readonly<Record<string, number>>;
  /** Values at `QUANTILES` of what was measured many times, by name. */
  readonly distributions?: Readonly<Record<string, readonly number[]>>;
}

/** Holds for medians at full scale. */
export interface Goal {
  /** Of Fieldmerge, in its row `way`. */
  readonly key: string;
  readonly way: string;
  /** What it is divided by; absent: the figure itself is bounded. */
  readonly against?: {readonly peer: PeerName; readonly way: string; readonly key?: string};
  /** orPlus: reached as well if the figure is no more than this much larger. */
  readonly bound:
    {readonly atMost: number; readonly orPlus?: number | undefined} | {readonly atLeast: number};
}

/** A picture of a scenario's result. */
export interface Chart {
  readonly name: string;
  readonly title: string;
  /** bars: a column of each row. distribution: of a row each. lines: a column against the size in `way`. */
  readonly kind: 'bars' | 'distribution' | 'lines';
  readonly key: string;
  readonly unit: string;
  readonly isLog?: boolean;
  /** Rows shown: those whose way begins so; all if absent. */
  readonly ways?: string;
  /** Of the horizontal axis of `lines`. */
  readonly sizes?: string;
}

export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** What is done, with the numbers at full scale. */
  readonly load: string;
  readonly columns: readonly Column[];
  readonly goals: readonly Goal[];
  readonly charts: readonly Chart[];
  isFor(peer: Peer): boolean;
  /** Throws if the peer loses an edit, refuses one, or leaves its devices apart. */
  run(trial: Trial): Promise<readonly Row[]>;
}
