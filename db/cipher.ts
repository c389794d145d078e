// Seals what must not lie in the database in the clear: AES-256-GCM under a key per tenant, itself sealed under a
// master key. A sealed value opens only in the place it was sealed for, so rows and columns cannot be swapped.
// db/tenant-keys.ts loads the keys; the lane and the readers seal and open with them.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  randomFillSync,
  type KeyObject,
} from 'node:crypto';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';

/** Where a sealed value lies. All of it is bound to the value, and none of it is stored in it. */
export interface SealPlace {
  readonly table: string;
  readonly column: string;
  /** The row's id within its tenant and table, at most 128 bytes. */
  readonly record: string;
  /** The row's own version; 0 where a row is written once. */
  readonly version: number;
}

export interface TenantCipher {
  /** Adds SEALED_OVERHEAD bytes. Sealing the same value twice gives different bytes. */
  seal(plain: Uint8Array, place: SealPlace): Uint8Array;
  /** Throws SyncError `internal` for any other tenant or place, and for bytes that were altered. */
  open(sealed: Uint8Array, place: SealPlace): Uint8Array;
  /**
   * FINGERPRINT_BYTES that are equal for equal values of one column of this tenant, and say nothing about a value to
   * who has not the key. Text counts as its UTF-8. Stays the same when the master key is changed.
   */
  fingerprint(place: Pick<SealPlace, 'table' | 'column'>, value: string | Uint8Array): Uint8Array;
}

/** Whether what lies in a place was sealed for it. Nothing sealed stands for nothing, in any place. */
export function canOpen(cipher: TenantCipher, sealed: Uint8Array | null, place: SealPlace): boolean {
  try {
    if (sealed !== null) cipher.open(sealed, place);
    return true;
  } catch {
    return false;
  }
}

/** A tenant's key as the `tenants` row keeps it. */
export interface WrappedKey {
  readonly wrappedKey: Uint8Array;
  readonly keyVersion: number;
  readonly masterKeyId: string;
}

export interface Keyring {
  /** Names the master key that new keys are wrapped with; gives nothing of it away. */
  readonly currentId: string;
  /** A new random key for a tenant, wrapped. */
  makeTenantKey(tenantId: TenantId): WrappedKey;
  /** Throws SyncError `internal` if no master key here fits, or the row was altered or is another tenant's. */
  openTenantKey(tenantId: TenantId, wrapped: WrappedKey): TenantCipher;
  /** The same key under the current master key; undefined if it is under it already. */
  rewrap(tenantId: TenantId, wrapped: WrappedKey): WrappedKey | undefined;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Format byte, then the key's version in two bytes. */
const HEADER_BYTES = 3;
const FORMAT = 1;
/** Bytes that sealing adds: header, nonce, tag. */
export const SEALED_OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;
export const FINGERPRINT_BYTES = 16;

/** One call to the system's generator gives many nonces. A part of the pool is used once. */
const noncePool = Buffer.alloc(NONCE_BYTES * 512);
let noncesUsed = noncePool.length;

function writeNonce(target: Buffer, offset: number): void {
  if (noncesUsed === noncePool.length) {
    randomFillSync(noncePool);
    noncesUsed = 0;
  }
  noncePool.copy(target, offset, noncesUsed, noncesUsed + NONCE_BYTES);
  noncesUsed += NONCE_BYTES;
}

/** Every part carries its length, so that no two places give the same bytes. */
function lengthPrefixed(...parts: string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      return [Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes];
    }),
  );
}

/** By table, then column. Both are names in our own code, so this stays small. */
const columnPrefixes = new Map<string, Map<string, Buffer>>();

function columnPrefix(table: string, column: string): Buffer {
  const known = columnPrefixes.get(table)?.get(column);
  if (known !== undefined) return known;
  const prefix = lengthPrefixed(table, column);
  const byColumn = columnPrefixes.get(table) ?? new Map<string, Buffer>();
  columnPrefixes.set(table, byColumn.set(column, prefix));
  return prefix;
}

/** Reused: everything that reads it copies, and nothing waits in between. */
const scratch = Buffer.alloc(1024);

/** Header, tenant, table, column, record and version, each at a place the lengths before it determine. */
function associatedData(tenantPrefix: Buffer, place: SealPlace): Buffer {
  const column = columnPrefix(place.table, place.column);
  let at = tenantPrefix.copy(scratch, 0);
  at += column.copy(scratch, at);
  const length = scratch.write(place.record, at + 2);
  scratch.writeUInt16BE(length, at);
  at += 2 + length;
  at = scratch.writeUInt32BE(Math.floor(place.version / 2 ** 32), at);
  at = scratch.writeUInt32BE(place.version % 2 ** 32, at);
  return scratch.subarray(0, at);
}

const unopenable = (cause?: unknown) =>
  new SyncError('internal', {message: 'A sealed value cannot be opened here.', cause});

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A key of its own for the fingerprints of each column, so that equal values of two columns do not show. */
function createFingerprint(key: KeyObject, tenantPrefix: Buffer): TenantCipher['fingerprint'] {
  // `columnPrefix` answers the same bytes for a column each time.
  const keysByColumn = new Map<Buffer, KeyObject>();
  return ({table, column}, value) => {
    const place = columnPrefix(table, column);
    let columnKey = keysByColumn.get(place);
    if (columnKey === undefined) {
      const purpose = Buffer.concat([lengthPrefixed('fieldmerge fingerprint'), tenantPrefix, place]);
      columnKey = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES)));
      keysByColumn.set(place, columnKey);
    }
    return createHmac('sha256', columnKey).update(value).digest().subarray(0, FINGERPRINT_BYTES);
  };
}

function createCipher(key: KeyObject, options: {tenantId: TenantId; keyVersion: number}): TenantCipher {
  const header = Buffer.from([FORMAT, options.keyVersion >> 8, options.keyVersion & 0xff]);
  const tenantPrefix = Buffer.concat([header, lengthPrefixed(options.tenantId)]);

  return {
    fingerprint: createFingerprint(key, tenantPrefix),

    seal(plain, place) {
      const sealed = Buffer.allocUnsafe(plain.length + SEALED_OVERHEAD);
      header.copy(sealed);
      writeNonce(sealed, HEADER_BYTES);
      const bodyAt = HEADER_BYTES + NONCE_BYTES;
      const cipher = createCipheriv(ALGORITHM, key, sealed.subarray(HEADER_BYTES, bodyAt));
      cipher.setAAD(associatedData(tenantPrefix, place));
      const written = cipher.update(plain).copy(sealed, bodyAt);
      cipher.final(); // Empty in this mode, but it makes the tag.
      cipher.getAuthTag().copy(sealed, bodyAt + written);
      return sealed;
    },

    open(sealed, place) {
      const bytes = asBuffer(sealed);
      const bodyAt = HEADER_BYTES + NONCE_BYTES;
      const tagAt = bytes.length - TAG_BYTES;
      if (tagAt < bodyAt || bytes.compare(header, 0, HEADER_BYTES, 0, HEADER_BYTES) !== 0) throw unopenable();
      try {
        const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(HEADER_BYTES, bodyAt));
        decipher.setAAD(associatedData(tenantPrefix, place));
        decipher.setAuthTag(bytes.subarray(tagAt));
        const plain = decipher.update(bytes.subarray(bodyAt, tagAt));
        decipher.final(); // Throws unless the tag fits.
        return plain;
      } catch (error) {
        throw unopenable(error);
      }
    },
  };
}

const masterKeyId = (key: Uint8Array): string =>
  createHash('sha256').update('fieldmerge master key').update(key).digest('hex').slice(0, 16);

/**
 * The master keys of this server. Tenants' keys are wrapped with `current`; those still under one of `old`
 * open too. Throws unless all are 32 bytes.
 */
export function createKeyring({
  current,
  old = [],
}: {
  current: Uint8Array;
  old?: readonly Uint8Array[];
}): Keyring {
  if ([current, ...old].some((key) => key.length !== KEY_BYTES))
    throw new Error(`A master key must be ${KEY_BYTES} bytes long`);
  const masterKeys = new Map([...old, current].map((key) => [masterKeyId(key), createSecretKey(key)]));
  const currentId = masterKeyId(current);

  const masterCipher = (id: string, tenantId: TenantId) => {
    const key = masterKeys.get(id);
    if (key === undefined) {
      throw new SyncError('internal', {message: 'A tenant key is under a master key that is not set.'});
    }
    return createCipher(key, {tenantId, keyVersion: 0});
  };
  const placeOf = (tenantId: TenantId, keyVersion: number): SealPlace => ({
    table: 'tenants',
    column: 'wrapped_key',
    record: tenantId,
    version: keyVersion,
  });
  const wrap = (tenantId: TenantId, key: Uint8Array, keyVersion: number): WrappedKey => ({
    wrappedKey: masterCipher(currentId, tenantId).seal(key, placeOf(tenantId, keyVersion)),
    keyVersion,
    masterKeyId: currentId,
  });
  const unwrap = (tenantId: TenantId, {wrappedKey, keyVersion, masterKeyId: id}: WrappedKey) =>
    masterCipher(id, tenantId).open(wrappedKey, placeOf(tenantId, keyVersion));

  return {
    currentId,
    makeTenantKey: (tenantId) => wrap(tenantId, randomBytes(KEY_BYTES), 1),
    openTenantKey: (tenantId, wrapped) =>
      createCipher(createSecretKey(unwrap(tenantId, wrapped)), {tenantId, keyVersion: wrapped.keyVersion}),
    rewrap: (tenantId, wrapped) =>
      wrapped.masterKeyId === currentId
        ? undefined
        : wrap(tenantId, unwrap(tenantId, wrapped), wrapped.keyVersion),
  };
}
