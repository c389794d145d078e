// The messages of y-protocols as stock providers send them, read strictly: any bytes give a message or null.
// Awareness is never decoded: its states carry no author, so a forged one could remove or speak for another
// member. It is dropped, and answered with an empty update that keeps the provider from giving up.
import * as encoding from 'lib0/encoding';
import {messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate} from 'y-protocols/sync';
import {Malformed, readBytes, readFrom, readUint, remaining, type ByteReader} from '#crdt/byte-reader.ts';

const SYNC = 0;
const AWARENESS = 1;
const AUTH = 2;
const QUERY_AWARENESS = 3;

export type YjsMessage =
  | {readonly kind: 'step-1'; readonly stateVector: Uint8Array}
  | {readonly kind: 'step-2' | 'update'; readonly update: Uint8Array}
  | {readonly kind: 'awareness' | 'query-awareness' | 'auth'};

/** Null for what is no such message. Byte slices point into `bytes`. */
export function readYjsMessage(bytes: Uint8Array): YjsMessage | null {
  const reader = readFrom(bytes);
  try {
    switch (readUint(reader)) {
      case SYNC: {
        const message = readSync(reader);
        return remaining(reader) === 0 ? message : null;
      }
      case AWARENESS:
        return {kind: 'awareness'};
      case QUERY_AWARENESS:
        return {kind: 'query-awareness'};
      case AUTH:
        return {kind: 'auth'};
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readSync(reader: ByteReader): YjsMessage | null {
  switch (readUint(reader)) {
    case messageYjsSyncStep1:
      return {kind: 'step-1', stateVector: readBytes(reader)};
    case messageYjsSyncStep2:
      return {kind: 'step-2', update: readBytes(reader)};
    case messageYjsUpdate:
      return {kind: 'update', update: readBytes(reader)};
    default:
      return null;
  }
}

function writeSync(kind: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, SYNC);
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

/** "This is what I have: send me the rest." */
export const writeStep1 = (stateVector: Uint8Array): Uint8Array =>
  writeSync(messageYjsSyncStep1, stateVector);

/** "This is the rest": a provider counts as synced after it. */
export const writeStep2 = (update: Uint8Array): Uint8Array => writeSync(messageYjsSyncStep2, update);

export const writeUpdateMessage = (update: Uint8Array): Uint8Array => writeSync(messageYjsUpdate, update);

/** An awareness update of nobody. */
export const EMPTY_AWARENESS = Uint8Array.of(AWARENESS, 1, 0);
