// The first frame of a device: who it is, and up to where it has read.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import {readOptional, readShortString, readUuid, writeOptional, writeUuid, type FrameWriter} from './wire.ts';

export interface Hello {
  readonly kind: 'hello';
  /** Read before anything else, so that a version this server does not speak is named as such. */
  readonly version: number;
  readonly token: string;
  /** Null: the tenant activated for the device, or else the user's only one. */
  readonly tenantId: string | null;
  readonly deviceId: string;
  /** The Yjs client id that the device writes under. Fresh at every start. */
  readonly clientId: number;
  /** The device's clock when this was sent, ms since epoch. */
  readonly clock: number;
  /** Where the device's copy ends; null: it has nothing. */
  readonly cursor: string | null;
}

const TOKEN_BYTES_MAX = 8 * 1024;
const CURSOR_BYTES_MAX = 128;

export function writeHello(writer: FrameWriter, hello: Hello): void {
  encoding.writeVarUint(writer, hello.version);
  encoding.writeVarString(writer, hello.token);
  writeOptional(writer, hello.tenantId, writeUuid);
  writeUuid(writer, hello.deviceId);
  encoding.writeVarUint(writer, hello.clientId);
  encoding.writeVarUint(writer, hello.clock);
  writeOptional(writer, hello.cursor, (inner, cursor) => encoding.writeVarString(inner, cursor));
}

export const readHello = (reader: ByteReader): Hello => ({
  kind: 'hello',
  version: readUint(reader),
  token: readShortString(reader, TOKEN_BYTES_MAX),
  tenantId: readOptional(reader, readUuid),
  deviceId: readUuid(reader),
  clientId: readUint(reader),
  clock: readUint(reader),
  cursor: readOptional(reader, (inner) => readShortString(inner, CURSOR_BYTES_MAX)),
});
