// What goes over the sockets of a node, counted: an addition per frame. server/metrics.ts reads it when somebody asks.
import type {ErrorCode} from '#crdt/protocol/error-code.ts';

export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
  /** Connections that this node ended, by why. */
  readonly endings: Map<ErrorCode, number>;
  /** Updates that could not even be read, by why. */
  readonly unreadable: Map<ErrorCode, number>;
}

export const createTraffic = (): Traffic => ({
  receivedBytes: 0,
  sentBytes: 0,
  endings: new Map(),
  unreadable: new Map(),
});

export const countOne = (counts: Map<ErrorCode, number>, code: ErrorCode): void =>
  void counts.set(code, (counts.get(code) ?? 0) + 1);
