// The one catalogue of codes a caller can meet, with what each means on every edge: HTTP status,
// WebSocket close code, whether trying again can help, and how loudly to log it. docs/generated/errors.md
// is printed from it.
import {attachmentErrors} from './attachment-errors.ts';
import {deliveryErrors} from './delivery-errors.ts';
import {doorErrors} from './door-errors.ts';
import {entry, type ErrorCodeEntry} from './error-entry.ts';
import {membershipErrors} from './membership-errors.ts';
import {reviewErrors} from './review-errors.ts';

export const errorCodes = {
  // Requests that cannot be read.
  bad_json: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'The body is not JSON.',
    cure: 'Send valid UTF-8 JSON.',
  }),
  bad_request: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'The request does not fit its schema.',
    cure: 'Correct the fields named in `fields`.',
  }),
  unsupported_media_type: entry({
    status: 415,
    retryable: false,
    log: 'debug',
    cause: 'The content type is not application/json.',
    cure: 'Send `Content-Type: application/json`.',
  }),
  body_too_large: entry({
    status: 413,
    close: 4413,
    retryable: false,
    log: 'warn',
    cause: 'The body or frame is larger than allowed.',
    cure: 'Split it into smaller batches.',
  }),
  not_found: entry({
    status: 404,
    retryable: false,
    log: 'debug',
    cause: 'Nothing is there for this caller.',
    cure: 'Check the path, the id and the tenant.',
  }),
  method_not_allowed: entry({
    status: 405,
    retryable: false,
    log: 'debug',
    cause: 'The path exists, the method does not.',
    cure: 'Use a method named in `Allow`.',
  }),
  bad_cursor: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'The cursor is neither one this server gave nor a timestamp.',
    cure: 'Send the last `nextCursor` unchanged, or start without one.',
  }),
  resync: entry({
    status: 410,
    close: 4410,
    retryable: false,
    log: 'info',
    cause: 'The cursor belongs to another tenant, role or database epoch.',
    cure: 'Drop the cursor and read everything again.',
  }),

  // Who is calling.
  ...doorErrors,
  no_membership: entry({
    status: 404,
    close: 4404,
    retryable: false,
    log: 'info',
    cause: 'The tenant does not exist for this user.',
    cure: 'Choose a tenant that `GET /v1/tenants` lists.',
  }),
  tenant_required: entry({
    status: 400,
    close: 4400,
    retryable: false,
    log: 'debug',
    cause: 'The user has several tenants and named none.',
    cure: 'Send `X-Tenant-Id`, or activate a tenant for the device.',
  }),
  forbidden: entry({
    status: 403,
    close: 4403,
    retryable: false,
    log: 'info',
    cause: 'This role may not do that.',
    cure: 'Ask a manager.',
  }),
  device_taken: entry({
    status: 409,
    close: 4409,
    retryable: false,
    log: 'warn',
    cause: 'The device id belongs to another user.',
    cure: 'Make a new device id.',
  }),
  device_revoked: entry({
    status: 403,
    close: 4405,
    retryable: false,
    log: 'info',
    cause: 'A manager revoked this device.',
    cure: 'Sign in again as a new device.',
  }),
  membership_changed: entry({
    status: 403,
    close: 4406,
    retryable: false,
    log: 'info',
    cause: 'The role or membership changed.',
    cure: 'Sign in again and read everything anew.',
  }),
  client_taken: entry({
    status: 409,
    close: 4509,
    retryable: true,
    log: 'warn',
    cause: 'The Yjs client id belongs to another device.',
    cure: 'Mint a new client id and write the pending values again.',
  }),
  rate_limited: entry({
    status: 429,
    close: 4529,
    retryable: true,
    log: 'warn',
    cause: 'Too many requests.',
    cure: 'Wait as long as `Retry-After` says.',
  }),
  overloaded: entry({
    status: 429,
    close: 4513,
    retryable: true,
    log: 'warn',
    cause: 'The tenant has too many changes waiting.',
    cure: 'Wait as long as `Retry-After` says and send the same change again.',
  }),
  idempotency_conflict: entry({
    status: 409,
    retryable: false,
    log: 'warn',
    cause: 'The change id was used for another record.',
    cure: 'Give every change an id of its own.',
  }),

  // Joining, and staying.
  ...membershipErrors,

  // Changes that are refused.
  unknown_entity: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'No such entity.',
    cure: 'Use one of the declared entities.',
  }),
  unknown_field: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'The entity has no such field.',
    cure: 'Leave the field out, or update the app.',
  }),
  read_only_field: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'Only the server writes this field.',
    cure: 'Leave the field out.',
  }),
  read_only_entity: entry({
    status: 400,
    close: 4407,
    retryable: false,
    log: 'debug',
    cause: 'Only the server writes this entity.',
    cure: 'Use the endpoints of that entity.',
  }),
  invalid_value: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'A value breaks its field schema.',
    cure: 'Correct the fields named in `fields`.',
  }),
  required_field: entry({
    status: 400,
    retryable: false,
    log: 'debug',
    cause: 'A required field is missing at creation, or was cleared.',
    cure: 'Send a value for it.',
  }),
  forbidden_field: entry({
    status: 403,
    retryable: false,
    log: 'info',
    cause: 'This role may not write that field.',
    cure: 'Leave the field out; a manager may write it.',
  }),
  out_of_scope: entry({
    status: 403,
    close: 4403,
    retryable: false,
    log: 'info',
    cause: 'The record left the scope of its writer.',
    cure: 'The edit is kept for a manager to apply or discard.',
  }),
  frozen: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'The state of the record freezes this field.',
    cure: 'Create a correcting record instead.',
  }),
  text_base_stale: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'The text changed since the base of this edit.',
    cure: 'Merge with the current text in `current`, or send `{append}`.',
  }),
  already_exists: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'A record of this id exists already.',
    cure: 'Change it with PATCH, or create another under an id of its own.',
  }),
  precondition_failed: entry({
    status: 412,
    retryable: false,
    log: 'debug',
    cause: 'The record changed since the ETag given.',
    cure: 'Read it again and decide anew.',
  }),
  reset_required: entry({
    status: 409,
    close: 4412,
    retryable: true,
    log: 'info',
    cause: 'The update belongs to an older generation of the document.',
    cure: 'Take the state given and write the pending values again.',
  }),
  missing_dependency: entry({
    status: 409,
    close: 4520,
    retryable: true,
    log: 'debug',
    cause: 'The update builds on something the server lacks.',
    cure: 'Send everything after the state vector given.',
  }),
  record_too_large: entry({
    status: 413,
    close: 4424,
    retryable: false,
    log: 'warn',
    cause: 'The record would grow past its limit.',
    cure: 'Split it into several records.',
  }),
  uncommittable: entry({
    status: 400,
    close: 4425,
    retryable: false,
    log: 'warn',
    cause: 'The database refuses this value for good.',
    cure: 'Remove control characters and broken Unicode.',
  }),
  ...reviewErrors,
  ...deliveryErrors,
  ...attachmentErrors,

  // Updates that the guard refuses whole.
  update_malformed: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The bytes are not a complete Yjs V1 update.',
    cure: 'Encode with `Y.encodeStateAsUpdate` (V1).',
  }),
  update_too_large: entry({
    status: 413,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The update is larger than allowed, or holds too many structs.',
    cure: 'Send it in several updates.',
  }),
  update_foreign_client: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The update adds items under a client id of another device.',
    cure: "Write only under this device's own client id.",
  }),
  update_bad_clock: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'A clock is out of range or inconsistent.',
    cure: 'Discard the document, take the server state and write again.',
  }),
  update_bad_content: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The update holds a kind of content that records never hold.',
    cure: 'Write plain values into the declared maps and texts.',
  }),
  update_bad_parent: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The update writes outside the declared roots.',
    cure: 'Use only the roots of the entity.',
  }),
  update_bad_origin: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'An item names an impossible neighbour.',
    cure: 'Discard the document, take the server state and write again.',
  }),
  update_bad_delete: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'The update deletes what does not exist.',
    cure: 'Discard the document, take the server state and write again.',
  }),
  update_bad_value: entry({
    status: 400,
    close: 4423,
    retryable: false,
    log: 'warn',
    cause: 'A value is not plain JSON.',
    cure: 'Write JSON values only.',
  }),

  // The live socket.
  bad_frame: entry({
    status: 400,
    close: 4422,
    retryable: false,
    log: 'warn',
    cause: 'The frame cannot be read.',
    cure: 'Speak the protocol version named in `hello`.',
  }),
  unsupported_protocol: entry({
    status: 400,
    close: 4426,
    retryable: false,
    log: 'info',
    cause: 'The protocol version is not supported.',
    cure: 'Update the app.',
  }),
  hello_timeout: entry({
    status: 408,
    close: 4508,
    retryable: true,
    log: 'info',
    cause: 'No `hello` came in time.',
    cure: 'Send `hello` as the first frame.',
  }),
  idle_timeout: entry({
    status: 408,
    close: 4510,
    retryable: true,
    log: 'info',
    cause: 'Nothing came for too long.',
    cure: 'Send `ping` frames.',
  }),
  slow_receiver: entry({
    status: 503,
    close: 4511,
    retryable: true,
    log: 'warn',
    cause: 'The receiver did not read for too long.',
    cure: 'Connect again from the last cursor.',
  }),

  // The server.
  not_ready: entry({
    status: 503,
    close: 4503,
    retryable: true,
    log: 'warn',
    cause: 'The server is starting, draining, or cannot reach its database or file store.',
    cure: 'Try again.',
  }),
  internal: entry({
    status: 500,
    close: 4500,
    retryable: true,
    log: 'error',
    cause: 'The server broke one of its own rules.',
    cure: 'Report the request id.',
  }),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

/**
 * An operating failure. Thrown where I/O is, caught once per edge and turned into a problem+json answer
 * or a frame. `message` is public: it never holds field values, tokens or SQL.
 */
export class SyncError extends Error {
  readonly code: ErrorCode;
  /** Extra public members of the answer, such as the current text of a `text_base_stale`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    options: {message?: string; details?: Record<string, unknown>; cause?: unknown} = {},
  ) {
    super(options.message ?? errorCodes[code].cause, {cause: options.cause});
    this.name = 'SyncError';
    this.code = code;
    this.details = options.details ?? {};
  }
}
