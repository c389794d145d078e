// The answer to `hello`: what the server made of it, and the bounds that hold on this connection.
import * as encoding from 'lib0/encoding';
import type {Role} from '../change.ts';
import {readInt, readString, readUint, type ByteReader} from '../byte-reader.ts';
import {
  readChoice,
  readOptional,
  readUuid,
  writeChoice,
  writeOptional,
  writeUuid,
  type FrameWriter,
} from './wire.ts';

export interface Welcome {
  readonly kind: 'welcome';
  readonly version: number;
  readonly tenantId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly role: Role;
  /** The `employees` record this member works as. */
  readonly employeeId: string | null;
  /** Where the feed goes on from: the position of the cursor in `hello`, 0 without one. */
  readonly position: number;
  /** Any position of this connection in base 36 behind it is a cursor, good for `hello` and for pull. */
  readonly cursorPrefix: string;
  /** ms since epoch. */
  readonly serverTime: number;
  /** Server clock minus device clock as measured by `hello`, ms. Stamps of this connection are corrected by it. */
  readonly offset: number;
  /** When the token expires, ms since epoch. A `token` frame renews it. */
  readonly tokenExpiresAt: number;
  readonly limits: ConnectionLimits;
}

/** Past `inflightMax` update frames without an answer the server stops reading. */
export interface ConnectionLimits {
  readonly frameBytesMax: number;
  readonly frameUpdatesMax: number;
  readonly updateBytesMax: number;
  readonly inflightMax: number;
  readonly idleTimeoutMs: number;
}

const roles: readonly Role[] = ['manager', 'employee'];

export function writeWelcome(writer: FrameWriter, welcome: Welcome): void {
  encoding.writeVarUint(writer, welcome.version);
  writeUuid(writer, welcome.tenantId);
  writeUuid(writer, welcome.userId);
  writeUuid(writer, welcome.deviceId);
  writeChoice(writer, roles, welcome.role);
  writeOptional(writer, welcome.employeeId, writeUuid);
  encoding.writeVarUint(writer, welcome.position);
  encoding.writeVarString(writer, welcome.cursorPrefix);
  encoding.writeVarUint(writer, welcome.serverTime);
  encoding.writeVarInt(writer, welcome.offset);
  encoding.writeVarUint(writer, welcome.tokenExpiresAt);
  const {limits} = welcome;
  encoding.writeVarUint(writer, limits.frameBytesMax);
  encoding.writeVarUint(writer, limits.frameUpdatesMax);
  encoding.writeVarUint(writer, limits.updateBytesMax);
  encoding.writeVarUint(writer, limits.inflightMax);
  encoding.writeVarUint(writer, limits.idleTimeoutMs);
}

export const readWelcome = (reader: ByteReader): Welcome => ({
  kind: 'welcome',
  version: readUint(reader),
  tenantId: readUuid(reader),
  userId: readUuid(reader),
  deviceId: readUuid(reader),
  role: readChoice(reader, roles),
  employeeId: readOptional(reader, readUuid),
  position: readUint(reader),
  cursorPrefix: readString(reader),
  serverTime: readUint(reader),
  offset: readInt(reader),
  tokenExpiresAt: readUint(reader),
  limits: {
    frameBytesMax: readUint(reader),
    frameUpdatesMax: readUint(reader),
    updateBytesMax: readUint(reader),
    inflightMax: readUint(reader),
    idleTimeoutMs: readUint(reader),
  },
});

/** The cursor for a position of a connection that was welcomed with `cursorPrefix`. */
export const cursorAt = (cursorPrefix: string, position: number): string =>
  cursorPrefix + position.toString(36);
