// How a tenant's log is chained. Every row has a digest of its content, and `tenant_counters.audit_head` is a hash
// over all rows so far, group by group. Digests are over sealed bytes, so what they cover can be verified without
// keys. db/audit.ts and the lane append by it, `npm run verify` follows it.
import {createHash} from 'node:crypto';
import type {TenantId} from '#crdt/protocol/ids.ts';

/** The content of a row of audit_logs: all of it but `seq`, `at` and `group_seq`, which the commit gives. */
export interface AuditRow {
  /** Such as `member.joined`. */
  readonly action: string;
  readonly entity: string | null;
  readonly recordId: string | null;
  readonly userId: string | null;
  readonly deviceId: string | null;
  /** One sentence without field values. */
  readonly summary: string;
  /** Sealed. */
  readonly detail: Uint8Array | null;
}

/** The head of a log without rows. */
export const AUDIT_HEAD_START: Uint8Array = new Uint8Array(32);

/** Stands for the length of a part that is null. */
const NULL_LENGTH = 0xffff_ffff;

/**
 * SHA-256 over tenant and content, 32 bytes. Each part in the order below is its length in four bytes, then its
 * UTF-8; a null is four bytes of 0xff.
 */
export function auditDigest(tenantId: TenantId, row: AuditRow): Buffer {
  const hash = createHash('sha256');
  const length = Buffer.alloc(4);
  const parts = [
    tenantId,
    row.action,
    row.entity,
    row.recordId,
    row.userId,
    row.deviceId,
    row.summary,
    row.detail,
  ];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    length.writeUInt32BE(bytes === null ? NULL_LENGTH : bytes.length);
    hash.update(length);
    if (bytes !== null) hash.update(bytes);
  }
  return hash.digest();
}

/** SHA-256 over the digests of the rows committed together, in the order of their `seq`. */
export function groupDigest(digests: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const digest of digests) hash.update(digest);
  return hash.digest();
}

/** The same over rows of a query: `digest` and `place` are columns of theirs. Null if there are none. */
export const groupDigestSql = (digest: string, place: string): string =>
  `sha256(string_agg(${digest}, ''::bytea ORDER BY ${place}))`;

/** The head after a group whose first row is `firstSeq`. auditHeadSql says the same in SQL. */
export function nextAuditHead(head: Uint8Array, group: {firstSeq: number; digest: Uint8Array}): Buffer {
  const seq = Buffer.alloc(8);
  seq.writeBigInt64BE(BigInt(group.firstSeq));
  return createHash('sha256').update(head).update(seq).update(group.digest).digest();
}

/** The same, for an UPDATE of tenant_counters that reads the old row; `digest` is the group's. */
export const auditHeadSql = (digest: string): string =>
  `sha256(audit_head || int8send(seq + 1) || ${digest}::bytea)`;
