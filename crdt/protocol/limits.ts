// Every bound of the system by name. What happens at each bound is said where it is used.

/** One Yjs update, bytes. */
export const UPDATE_BYTES_MAX = 64 * 1024;
/** Structs (after runs are counted as one) in one update. */
export const UPDATE_STRUCTS_MAX = 2_000;
/** Elements of all runs together in one update. */
export const UPDATE_ELEMENTS_MAX = 8_000;
/** Clocks of one deleted run: more than any device overwrites or deletes between two acknowledgements. */
export const DELETED_RUN_MAX = 2 ** 24;
/** Client sections in one update: ids this device used since its last acknowledged write, and skipped ones. */
export const UPDATE_CLIENTS_MAX = 64;
/** Ranges in the delete set of one update. */
export const UPDATE_DELETES_MAX = 4_000;
/** Clocks stay exact integers and far from 2^53. */
export const CLOCK_MAX = 2 ** 52;
/** Device client ids are what Yjs mints: below this. The server's own are at or above it. */
export const DEVICE_CLIENT_ID_MAX = 2 ** 32 - 1;
export const SERVER_CLIENT_ID_MIN = 2 ** 32;
/** A compacted document is written under this plus its generation: whoever has that client has that document. */
export const GENERATION_CLIENT_ID_MIN = 2 ** 48;

/** One field value, UTF-8 bytes of its JSON. */
export const VALUE_BYTES_MAX = 16 * 1024;
/** Nesting of one field value. */
export const VALUE_DEPTH_MAX = 8;
/** Nodes (members, elements, scalars) of one field value. */
export const VALUE_NODES_MAX = 1_000;
/** Members of a set, and items of an items field, in one JSON value. */
export const MEMBERS_MAX = 500;
/** Members and items a field may ever have had, removed ones included: each is remembered. */
export const MEMBER_KEYS_MAX = 2_000;
/** UTF-16 units of a text field. */
export const TEXT_LENGTH_MAX = 50_000;
/** Encoded document of one record, bytes. Past it the change is refused with `record_too_large`. */
export const RECORD_BYTES_MAX = 512 * 1024;
/** A document past this size is compacted when its compacted form would be at most half as large. */
export const COMPACT_BYTES_MIN = 8 * 1024;
/** Carriers kept per write. One dropped means at worst a conflict too many. */
export const CARRIERS_MAX = 64;

/** One frame from a device, bytes. */
export const FRAME_BYTES_MAX = 256 * 1024;
/** The `hello` frame, bytes. */
export const HELLO_BYTES_MAX = 16 * 1024;
/** Updates in one `update` frame. */
export const FRAME_UPDATES_MAX = 500;
/** State vector entries of a `sync-step-1`. */
export const STATE_VECTOR_ENTRIES_MAX = 256;
/** A state vector as `seen` of a delete, bytes. */
export const SEEN_BYTES_MAX = 64 * 1024;
/** Milliseconds from upgrade to `hello`. */
export const HELLO_DEADLINE_MS = 5_000;
/** Milliseconds between the server's pings, and without any frame until the socket is closed. */
export const PING_INTERVAL_MS = 25_000;
export const IDLE_TIMEOUT_MS = 60_000;
/** Milliseconds past a token's expiry until its socket is closed. */
export const TOKEN_GRACE_MS = 15_000;
/** Unsent bytes at which a socket gets no live deltas until it has drained. */
export const BUFFERED_BYTES_PAUSE = 1024 * 1024;
/** Milliseconds a socket may stay undrained before it is closed. */
export const SLOW_RECEIVER_MS = 30_000;
/** Records in one `changes` frame while catching up, and its bytes. */
export const CATCH_UP_RECORDS_MAX = 500;
export const CATCH_UP_BYTES_MAX = 512 * 1024;
/** Update frames of one socket that may wait for their acks before it is paused. */
export const SOCKET_INFLIGHT_MAX = 64;

/** REST body, bytes, and changes in one push. */
export const BODY_BYTES_MAX = 1024 * 1024;
export const PUSH_CHANGES_MAX = 500;
export const PULL_LIMIT_DEFAULT = 500;
export const PULL_LIMIT_MAX = 1_000;
/** Bytes of payload in one pull; past it comes the next page. */
export const PULL_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of documents and texts told with the refused changes of one push; past it the device pulls. */
export const PUSH_STATES_BYTES_MAX = 4 * 1024 * 1024;
/** Items of one page of any other list. */
export const LIST_LIMIT_DEFAULT = 50;
export const LIST_LIMIT_MAX = 200;

/** Requests of one device in one tenant: per second, and at once after a pause. Past it: `rate_limited`. */
export const DEVICE_REQUESTS_PER_SECOND = 200;
export const DEVICE_REQUESTS_BURST = 1_000;
/** Requests of one user on all devices: per second, and at once after a pause. */
export const USER_REQUESTS_PER_SECOND = 500;
export const USER_REQUESTS_BURST = 5_000;
/** Requests of one tenant to one node: per second, and at once after a pause. */
export const TENANT_REQUESTS_PER_SECOND = 1_000;
export const TENANT_REQUESTS_BURST = 10_000;
/** Frames of one device: per second, and at once after a pause. Past it its sockets are not read for a while. */
export const DEVICE_FRAMES_PER_SECOND = 2_000;
export const DEVICE_FRAMES_BURST = 20_000;
/** Frames of one user on all devices: per second, and at once after a pause. */
export const USER_FRAMES_PER_SECOND = 5_000;
export const USER_FRAMES_BURST = 50_000;
/** Frames of one tenant to one node: per second, and at once after a pause. */
export const TENANT_FRAMES_PER_SECOND = 10_000;
export const TENANT_FRAMES_BURST = 100_000;
/** Open sockets of one user on one node, where not configured otherwise. Past it new ones are refused: `too_many_sockets`. */
export const USER_SOCKETS_MAX = 256;
/** Open sockets of one tenant on one node, where not configured otherwise. */
export const TENANT_SOCKETS_MAX = 5_000;
/** Users, devices and tenants, each, whose rates a node remembers. */
export const RATE_KEYS_MAX = 100_000;

/** Hours an announced upload is waited for, from when it was last announced; then it has failed. */
export const PENDING_UPLOAD_HOURS = 24;

/** Attachments of one tenant that are uploaded or announced: bytes and files. Past it: `storage_full`. */
export const STORAGE_BYTES_MAX = 20 * 1024 ** 3;
export const STORAGE_FILES_MAX = 50_000;

/** Changes committed as one group, and their bytes. */
export const GROUP_CHANGES_MAX = 512;
export const GROUP_BYTES_MAX = 4 * 1024 * 1024;
/** Changes a tenant's lane holds waiting. Past it: `overloaded`. */
export const LANE_QUEUE_MAX = 20_000;
/** Tries of a group, with those after a lost connection, a deadlock or a changed access version. */
export const GROUP_ATTEMPTS_MAX = 8;
/** Bytes of encoded documents kept in the record cache of one node. */
export const RECORD_CACHE_BYTES_MAX = 256 * 1024 * 1024;

/** Milliseconds from one message of a node to the others to its next, at least. What comes meanwhile goes together. */
export const NODE_MESSAGE_MS = 5;
/** Tenants and sessions a node has pending for the others. Past it they are told to look at everything. */
export const NODE_PENDING_MAX = 10_000;
/** Milliseconds between looks at the counters of the tenants followed on a node, in case a message was lost. */
export const NODE_POLL_MS = 500;
/** Tenants looked at in one statement. */
export const NODE_POLL_TENANTS_MAX = 2_000;

/** How far a device's corrected clock may run ahead of the server before it is clamped: none. */
export const CLOCK_AHEAD_MS_MAX = 0;
/** Days a change id and its result are remembered. */
export const CHANGE_ID_DAYS = 90;
/** Changes of one member that wait for a manager because their record had left the member's scope. */
export const QUARANTINE_OPEN_MAX = 10_000;
/** Days such a change is kept after it was applied or discarded. */
export const QUARANTINE_DECIDED_DAYS = 90;
/** Pulls remembered per device, to guess the base of a JSON change that names none. */
export const PULLS_REMEMBERED_MAX = 32;
