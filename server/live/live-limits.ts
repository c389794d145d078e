// The bounds of live connections that devices need not know. What happens at each is said where it is used.

/**
 * Connections that wait for the server to take them: all devices of a node that went away may come at once. One too many
 * tries again after a second. The system has a bound of its own (`net.core.somaxconn`).
 */
export const CONNECT_BACKLOG = 4_096;
/** Commits kept for a connection while it reads the feed. Past it they are let go, and the feed is read on. */
export const WAITING_BATCHES_MAX = 64;
/** Bytes of one live frame. A larger commit is read from the feed by each connection, in pages. */
export const LIVE_FRAME_BYTES_MAX = 1024 * 1024;
/** Records of the first page of a catch-up; later pages follow the size of the records seen. */
export const FIRST_PAGE_RECORDS = 100;
/** Bytes of state that one update frame's rejections may carry together. */
export const REJECT_STATE_BYTES_MAX = 1024 * 1024;
/** Bytes and entries of one `conflict` frame. */
export const CONFLICT_BYTES_MAX = 256 * 1024;
export const CONFLICT_ENTRIES_MAX = 100;
/** Yjs client ids that one connection may claim or have looked up. Past it new ones count as foreign. */
export const CONNECTION_CLIENTS_MAX = 4_096;
/** Milliseconds after which an update may be sent again that an overloaded server, or a broken one, gave back. */
export const RETRY_AFTER_MS = 1_000;
export const RETRY_INTERNAL_MS = 30_000;
/** Milliseconds over which the sockets of a node that stops are closed, at least one a millisecond. */
export const DRAIN_SPREAD_MS = 10_000;
/** Milliseconds a closing socket waits for the answers it owes. */
export const DRAIN_FINISH_MS = 5_000;
/** Milliseconds over which drained devices are asked to spread their return. */
export const RECONNECT_SPREAD_MS = 5_000;
/** Milliseconds for which a device that sends too fast is not read, at least. */
export const PACE_PAUSE_MS = 100;
/** Times in a row a stock provider may be asked for what the server lacks. */
export const NEEDS_MAX = 3;
