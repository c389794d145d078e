// A frame is one byte for its kind, then its message. Every binary WebSocket message is one frame. Reading is
// strict and total: any bytes give a frame or a failure, in time and memory bounded by their length.
import * as encoding from 'lib0/encoding';
import {Malformed, readByte, readFrom, readUint, remaining, type ByteReader} from '../byte-reader.ts';
import {readAck, writeAck, type Ack} from './ack.ts';
import {readCaughtUp, writeCaughtUp, type CaughtUp} from './caught-up.ts';
import {readChanges, writeChanges, type Changes} from './changes.ts';
import {readConflict, writeConflict, type Conflict} from './conflict.ts';
import {readDrain, writeDrain, type Drain} from './drain.ts';
import {readHello, writeHello, type Hello} from './hello.ts';
import {readNeed, writeNeed, type Need} from './need.ts';
import {readPing, writePing, type Ping} from './ping.ts';
import {readPong, writePong, type Pong} from './pong.ts';
import {readReject, writeReject, type Reject} from './reject.ts';
import {readRemoved, writeRemoved, type Removed} from './removed.ts';
import {readRenewed, writeRenewed, type Renewed} from './renewed.ts';
import {readRetry, writeRetry, type Retry} from './retry.ts';
import {readSyncStep1, writeSyncStep1, type SyncStep1} from './sync-step-1.ts';
import {readSyncStep2, writeSyncStep2, type SyncStep2} from './sync-step-2.ts';
import {readToken, writeToken, type Token} from './token.ts';
import {readUpdateFrame, writeUpdateFrame, type Update} from './update.ts';
import {PROTOCOL_VERSION} from './version.ts';
import {readWelcome, writeWelcome, type Welcome} from './welcome.ts';
import type {FrameWriter} from './wire.ts';

export type DeviceFrame = Hello | Update | SyncStep1 | Token | Ping;
export type ServerFrame =
  | Welcome
  | Changes
  | CaughtUp
  | Ack
  | Reject
  | Need
  | Retry
  | SyncStep2
  | Conflict
  | Removed
  | Drain
  | Pong
  | Renewed;
export type Frame = DeviceFrame | ServerFrame;

interface Codec<F> {
  readonly byte: number;
  // Methods, so that the codec of one kind also counts as one of frames in general.
  write(writer: FrameWriter, frame: F): void;
  read(reader: ByteReader): F;
}

type Codecs<F extends {kind: string}> = {readonly [K in F['kind']]: Codec<Extract<F, {kind: K}>>};

/** Sent by devices. 6 is kept for `presence`. */
const deviceCodecs: Codecs<DeviceFrame> = {
  hello: {byte: 1, write: writeHello, read: readHello},
  update: {byte: 2, write: writeUpdateFrame, read: readUpdateFrame},
  'sync-step-1': {byte: 3, write: writeSyncStep1, read: readSyncStep1},
  token: {byte: 4, write: writeToken, read: readToken},
  ping: {byte: 5, write: writePing, read: readPing},
};

/** Sent by the server. 77 is kept for `presence`. */
const serverCodecs: Codecs<ServerFrame> = {
  welcome: {byte: 64, write: writeWelcome, read: readWelcome},
  changes: {byte: 65, write: writeChanges, read: readChanges},
  'caught-up': {byte: 66, write: writeCaughtUp, read: readCaughtUp},
  ack: {byte: 67, write: writeAck, read: readAck},
  reject: {byte: 68, write: writeReject, read: readReject},
  need: {byte: 69, write: writeNeed, read: readNeed},
  retry: {byte: 70, write: writeRetry, read: readRetry},
  'sync-step-2': {byte: 71, write: writeSyncStep2, read: readSyncStep2},
  conflict: {byte: 72, write: writeConflict, read: readConflict},
  removed: {byte: 73, write: writeRemoved, read: readRemoved},
  drain: {byte: 74, write: writeDrain, read: readDrain},
  pong: {byte: 75, write: writePong, read: readPong},
  renewed: {byte: 76, write: writeRenewed, read: readRenewed},
};

const codecsByKind: Readonly<Record<Frame['kind'], Codec<Frame>>> = {...deviceCodecs, ...serverCodecs};

/** The byte that begins a frame of each kind. */
export const frameKinds = Object.fromEntries(
  Object.entries(codecsByKind).map(([kind, {byte}]) => [kind, byte]),
) as Readonly<Record<Frame['kind'], number>>;

export function encodeFrame(frame: Frame): Uint8Array {
  const codec = codecsByKind[frame.kind];
  const writer = encoding.createEncoder();
  encoding.writeUint8(writer, codec.byte);
  codec.write(writer, frame);
  return encoding.toUint8Array(writer);
}

export type DecodedFrame<F> =
  | {readonly ok: true; readonly frame: F}
  | {readonly ok: false; readonly code: 'bad_frame' | 'unsupported_protocol'; readonly message: string};

function byByte<F>(codecs: Readonly<Record<string, Codec<F>>>): ReadonlyMap<number, Codec<F>> {
  return new Map(Object.values(codecs).map((codec) => [codec.byte, codec]));
}

const deviceCodecsByByte = byByte<DeviceFrame>(deviceCodecs);
const serverCodecsByByte = byByte<ServerFrame>(serverCodecs);

/**
 * Reads a frame of a device. Byte slices in it point into `bytes`. A `hello` of another protocol version fails
 * with `unsupported_protocol`, whatever follows the version.
 */
export function decodeDeviceFrame(bytes: Uint8Array): DecodedFrame<DeviceFrame> {
  if (bytes[0] === deviceCodecs.hello.byte && !isSpoken(bytes)) {
    return {ok: false, code: 'unsupported_protocol', message: `This is protocol ${PROTOCOL_VERSION}.`};
  }
  return decode(bytes, deviceCodecsByByte);
}

/** Reads a frame of the server, on a device. */
export const decodeServerFrame = (bytes: Uint8Array): DecodedFrame<ServerFrame> =>
  decode(bytes, serverCodecsByByte);

function decode<F>(bytes: Uint8Array, codecs: ReadonlyMap<number, Codec<F>>): DecodedFrame<F> {
  const reader = readFrom(bytes);
  try {
    const codec = codecs.get(readByte(reader));
    if (codec === undefined) throw new Malformed('the kind is unknown');
    const frame = codec.read(reader);
    if (remaining(reader) > 0) throw new Malformed('bytes follow the frame');
    return {ok: true, frame};
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return {ok: false, code: 'bad_frame', message: `The frame cannot be read: ${error.message}.`};
  }
}

/** Whether a `hello` names this version; one that names none readable is a bad frame, not another version. */
function isSpoken(bytes: Uint8Array): boolean {
  try {
    return readUint(readFrom(bytes.subarray(1))) === PROTOCOL_VERSION;
  } catch (error) {
    if (error instanceof Malformed) return true;
    throw error;
  }
}
