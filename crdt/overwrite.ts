// The decision between the write a key shows and one that arrives: seen or concurrent, who wins, whether it
// is a conflict. Pure; the rules are numbered as in docs/merge.md.
import type {WinnerRule} from './entities/entity.ts';
import type {JsonValue} from './json.ts';
import {isWriter, type Write} from './write.ts';

export interface IncomingWrite {
  readonly value: JsonValue;
  /** Whether the value equals the current one (R8); for `deletedAt` only null or not counts. */
  readonly equal: boolean;
  readonly device: string;
  /** Effective stamp so far: corrected and clamped, the maximum along its own chain. */
  readonly eff: number;
  /** Whether the device showed the current write when it wrote this one. */
  readonly seen: boolean;
  /**
   * A JSON change names no predecessor: a device's own earlier write counts as seen. One that is let in `late` may be
   * older than what its device wrote since.
   */
  readonly path: 'yjs' | 'json' | 'late';
}

export type Decision =
  /** Equal and seen, from a JSON change: not a write at all. */
  | {readonly kind: 'none'}
  /** Concurrent and equal: the current write gains a writer. */
  | {readonly kind: 'join'}
  /** The incoming write becomes current. `eff` is its final effective stamp. */
  | {readonly kind: 'win'; readonly eff: number; readonly conflict: boolean}
  /** The current write stays. */
  | {readonly kind: 'lose'; readonly conflict: boolean};

/**
 * The effective stamp of a device's clock reading. offset: server minus device clock, ms. Never later than
 * the server's now, so that no clock can win the future (R6).
 */
export const effectiveStamp = (clock: {at: number; offset: number; now: number}): number =>
  Math.min(clock.at + clock.offset, clock.now);

/** Decides one key (R5 to R9). `current` undefined: the key was never written. */
export function decide(current: Write | undefined, incoming: IncomingWrite, rule: WinnerRule): Decision {
  if (current === undefined) return {kind: 'win', eff: incoming.eff, conflict: false};
  const own = isWriter(current, incoming.device);
  const seen = incoming.seen || (own && incoming.path === 'json');
  const {equal} = incoming;
  if (equal && incoming.path !== 'yjs' && seen) return {kind: 'none'};
  if (equal && !seen) return {kind: 'join'};
  if (seen) return {kind: 'win', eff: Math.max(incoming.eff, current.eff), conflict: false};
  const wins = own ? incoming.eff >= current.eff : isWinner(current, incoming, rule);
  return wins ? {kind: 'win', eff: incoming.eff, conflict: !own} : {kind: 'lose', conflict: !own};
}

/** Between two concurrent writes of different devices: rank, then stamp; a tie goes to the incoming (R7). */
function isWinner(current: Write, incoming: IncomingWrite, rule: WinnerRule): boolean {
  if (rule.kind === 'furthest') {
    const ahead = rankOf(rule.rank, incoming.value) - rankOf(rule.rank, current.value);
    if (ahead !== 0) return ahead > 0;
  }
  return incoming.eff >= current.eff;
}

const rankOf = (rank: Readonly<Record<string, number>>, value: JsonValue): number =>
  typeof value === 'string' && Object.hasOwn(rank, value) ? (rank[value] ?? 0) : 0;
