// Identifiers as they travel. All are lower-case UUIDs; the brands keep one kind from being passed as another.
import {z} from 'zod';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export type TenantId = string & {readonly brand: 'TenantId'};
export type UserId = string & {readonly brand: 'UserId'};
export type DeviceId = string & {readonly brand: 'DeviceId'};
export type RecordId = string & {readonly brand: 'RecordId'};
export type ChangeId = string & {readonly brand: 'ChangeId'};

export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && uuidPattern.test(value);

const uuid = <Brand extends string>() =>
  z
    .string()
    .transform((text) => text.toLowerCase())
    .refine(isUuid, {message: 'must be a UUID'})
    .transform((text) => text as Brand)
    .meta({format: 'uuid'});

export const tenantId = uuid<TenantId>();
export const userId = uuid<UserId>();
export const deviceId = uuid<DeviceId>();
export const recordId = uuid<RecordId>();
export const changeId = uuid<ChangeId>();

/** The text of the 32 digits, which may be of no UUID. */
export const dashed = (hex: string): string =>
  hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** An id in an answer. */
export const uuidText = z.string().meta({format: 'uuid'});
