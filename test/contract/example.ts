// What an example of an operation is.
import type {Stage} from './stage.ts';

export type Asker = Exclude<keyof Stage, 'actual' | 'outsider'> | 'anybody' | Service;

/** They sign what they send. */
export type Service = 'clerk' | 'meta' | 'twilio';

export interface Example {
  /** Maria, if absent. */
  readonly as?: Asker;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** By name. An operation's first is the one that is shown where there is room for one. */
export type Examples = Readonly<Record<string, Example>>;

/** What was answered, as documents say it. */
export interface Recorded {
  readonly status: number;
  /** Absent where there is none, or none that is JSON or a few words. */
  readonly body?: unknown;
}

/** By operation and name of the example. */
export type RecordedAnswers = Readonly<Record<string, Readonly<Record<string, Recorded>>>>;
