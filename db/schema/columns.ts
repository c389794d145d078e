// Column types that several tables share. Names are always given: drizzle-kit does not derive them.
import {bigint, customType, timestamp, uuid} from 'drizzle-orm/pg-core';

/** Bytes, read as a Buffer. */
export const bytea = customType<{data: Uint8Array; driverData: Buffer}>({
  dataType: () => 'bytea',
  toDriver: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
});

/** A moment, to the millisecond that JavaScript and the API have. */
export const instant = (name: string) => timestamp(name, {withTimezone: true, precision: 3, mode: 'date'});

/** A place in a tenant's log, or another count that stays below 2^53. */
export const counter = (name: string) => bigint(name, {mode: 'number'});

/** First column of every tenant table's primary key. */
export const tenantId = () => uuid('tenant_id').notNull();
