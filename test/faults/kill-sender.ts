// What every kind of device of the kill test can do.
import type {KillWrite, LoadTask} from './kill-journal.ts';

/** How one kind of device gets writes to the server. Rejects for whatever may be tried again. */
export interface Sender {
  /** Once before the first attempt. */
  prepare(write: KillWrite): void;
  /** Sends those that are not acknowledged yet, and marks those that are. */
  send(writes: readonly KillWrite[]): Promise<void>;
}

export interface SenderDeps {
  readonly task: LoadTask;
  readonly deviceId: string;
  readonly serverUrl: () => string;
}

/** Nothing that sending again would cure. */
export class LoadFailed extends Error {}
