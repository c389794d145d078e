// docs/generated/frames.md: every frame of the live socket with the bytes of an example, part by part.
import {readFileSync} from 'node:fs';
import {
  readByte,
  readBytes,
  readFrom,
  readInt,
  readString,
  readUint,
  type ByteReader,
} from '#crdt/byte-reader.ts';
import {encodeFrame, frameKinds, type Frame} from '#crdt/protocol/frame.ts';
import {readUuid} from '#crdt/protocol/wire.ts';
import {exampleFrames} from '#test/golden/frames.ts';
import {frameLayouts, type Part} from './frame-layouts.ts';
import {code, markdownPage, table, type Page} from './page.ts';

/** Kinds from here on are sent by the server. */
const SERVER_BYTE_MIN = 64;

export function framesPage(): Page {
  return markdownPage('docs/generated/frames.md', {
    title: 'Frames',
    source: 'crdt/protocol/frame.ts',
    body: [
      'Each binary message is one frame: a byte for its kind, then its parts. `uint` is a varint of lib0, `int` a ' +
        'signed one; strings and bytes have their length in front; a UUID is 16 bytes; `optional` and flags are one ' +
        'byte. No byte may follow the last part. A test pins these examples per protocol version. How they are used: [protocol.md](../protocol.md).',
      ...exampleFrames.flatMap(describeFrame),
    ],
  });
}

function describeFrame(example: Frame): string[] {
  const {kind} = example;
  const bytes = encodeFrame(example);
  const reader = readFrom(bytes);
  const rows: Row[] = [];
  take({bytes, reader, rows}, 'kind', () => `${readByte(reader)}`);
  for (const part of frameLayouts[kind]) readPart({bytes, reader, rows}, part);
  if (reader.position !== bytes.length) throw new Error(`The layout of ${kind} leaves bytes unread.`);
  const sender = frameKinds[kind] < SERVER_BYTE_MIN ? 'device' : 'server';
  return [
    `## ${kind}`,
    `Sent by the ${sender}. ${headerOf(kind)}`,
    table(
      ['Part', 'Type', 'Example', 'Bytes'],
      rows.map(({name, type, value, hex}) => [name, type, value, code(hex)]),
    ),
  ];
}

interface Row {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly hex: string;
}

interface Reading {
  readonly bytes: Uint8Array;
  readonly reader: ByteReader;
  readonly rows: Row[];
}

const SHOWN_BYTES_MAX = 48;

function take({bytes, reader, rows}: Reading, name: string, read: () => string, type = 'byte'): string {
  const start = reader.position;
  const value = read();
  const raw = bytes.subarray(start, reader.position);
  const hex = Buffer.from(raw.subarray(0, SHOWN_BYTES_MAX)).toString('hex');
  rows.push({name, type, value, hex: raw.length > SHOWN_BYTES_MAX ? `${hex}…` : hex});
  return value;
}

function readPart(reading: Reading, part: Part, path = ''): void {
  const {reader} = reading;
  const name = path + part.name;
  switch (part.type) {
    case 'uint':
      take(reading, name, () => String(readUint(reader)), part.type);
      break;
    case 'int':
      take(reading, name, () => String(readInt(reader)), part.type);
      break;
    case 'string':
      take(reading, name, () => JSON.stringify(readString(reader)), part.type);
      break;
    case 'bytes':
      take(reading, name, () => `${readBytes(reader).length} bytes`, part.type);
      break;
    case 'uuid':
      take(reading, name, () => readUuid(reader), part.type);
      break;
    case 'flag':
      take(reading, name, () => (readByte(reader) === 1 ? 'true' : 'false'), part.type);
      break;
    case 'optional':
      if (take(reading, name, () => (readByte(reader) === 1 ? 'present' : 'absent'), part.type) === 'present')
        for (const inner of part.of) readPart(reading, inner, inner.name === part.name ? path : `${name}.`);
      break;
    case 'list': {
      const count = Number(take(reading, name, () => String(readUint(reader)), part.type));
      for (let index = 0; index < count; index++)
        for (const inner of part.of) readPart(reading, inner, `${name}[${index}].`);
      break;
    }
    case 'choice': {
      const word = take(reading, name, () => part.words[readByte(reader)] ?? '?', part.words.join(', '));
      for (const inner of part.then?.[word] ?? []) readPart(reading, inner, `${name}.`);
      break;
    }
  }
}

/** The comment at the head of the frame's file, which says what it is for. */
function headerOf(kind: string): string {
  const source = readFileSync(`crdt/protocol/${kind}.ts`, 'utf8');
  const [header = ''] = /^(\/\/ .*\n)+/.exec(source) ?? [];
  return header
    .replaceAll(/^\/\/ /gm, '')
    .replaceAll('\n', ' ')
    .trim();
}
