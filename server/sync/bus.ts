// What nodes tell each other. Everything said here is a hint: it may be lost, come late or twice. The feed and the
// tenant's counter are the truth, and nodes.ts looks at that counter now and then.
import type {TenantId} from '#crdt/protocol/ids.ts';

/** The position of news whose sender does not know it: past any that a receiver could have. */
export const POSITION_UNKNOWN = Number.MAX_SAFE_INTEGER;
/** The access version of news whose sender does not know it: before any that a receiver could have. */
export const ACCESS_UNKNOWN = 0;

/** Something was committed in a tenant. */
export interface TenantNews {
  readonly tenantId: TenantId;
  /** At least up to here. */
  readonly to: number;
  /** Who may see or write what changed, to this version; null: it did not. */
  readonly accessVersion: number | null;
}

export interface BusListener {
  /** Of another node. */
  readonly news?: (news: TenantNews) => void;
  /** A user's sign-in was ended, as Clerk names it. Told on every node, the one that published it included. */
  readonly sessionRevoked?: (sessionId: string) => void;
  /** Messages may have been missed. */
  readonly uncertain?: () => void;
}

export interface Bus {
  /** Neither waits nor fails: what cannot be sent is sent later, together with what came meanwhile. */
  publish(news: TenantNews): void;
  /** The same. sessionId: 1 to SESSION_ID_LENGTH_MAX characters; throws RangeError else. */
  publishSession(sessionId: string): void;
  /** Listeners must not throw. Answers a function that ends it. */
  listen(listener: BusListener): () => void;
  /** Sends what is left, if it can, and closes. */
  stop(): Promise<void>;
}

export const SESSION_ID_LENGTH_MAX = 200;

export function assertSessionId(sessionId: string): void {
  if (sessionId === '' || sessionId.length > SESSION_ID_LENGTH_MAX)
    throw new RangeError('A session id is empty or too long');
}

/** The bus of a server that is the only one on its database. */
export function createLocalBus(): Bus {
  const listeners = new Set<BusListener>();
  return {
    publish: () => undefined,
    publishSession(sessionId) {
      assertSessionId(sessionId);
      for (const listener of listeners) listener.sessionRevoked?.(sessionId);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => Promise.resolve(),
  };
}
