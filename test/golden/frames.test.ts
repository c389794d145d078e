// The bytes of every frame, per protocol version: whoever changes one raises PROTOCOL_VERSION, because devices in
// the field speak the old one.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {
  decodeDeviceFrame,
  decodeServerFrame,
  encodeFrame,
  frameKinds,
  type Frame,
} from '#crdt/protocol/frame.ts';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import {exampleFrames} from './frames.ts';

/** SHA-256 of the golden file of each version that was ever released. Lines are added here, never changed. */
const hashes: Readonly<Record<number, string>> = {
  1: '01472d62203a49d077241b49f176ffa4bdbc91460e2accb34a6b365d01d646d3',
};

const fileOf = (version: number): string => join(import.meta.dirname, `frames-${version}.json`);
const readGolden = (version: number): string => readFileSync(fileOf(version), 'utf8');
const goldenBytes = JSON.parse(readGolden(PROTOCOL_VERSION)) as Record<string, string>;
const decode = (bytes: Uint8Array) =>
  (bytes[0] ?? 0) < 64 ? decodeDeviceFrame(bytes) : decodeServerFrame(bytes);

test('there is one example of every kind', () => {
  expect(exampleFrames.map(({kind}) => kind).sort()).toEqual(Object.keys(frameKinds).sort());
});

test.each(exampleFrames.map((frame): [string, Frame] => [frame.kind, frame]))(
  'a %s has the bytes of its version, both ways',
  (kind, frame) => {
    const bytes = encodeFrame(frame);
    expect(Buffer.from(bytes).toString('hex')).toBe(goldenBytes[kind]);
    expect(decode(bytes)).toEqual({ok: true, frame});
  },
);

// I34 of docs/reliability.md.
test('golden bytes are never changed: a new version gets a file of its own', () => {
  for (const [version, hash] of Object.entries(hashes)) {
    const found = createHash('sha256')
      .update(readGolden(Number(version)))
      .digest('hex');
    expect(found, `frames-${version}.json: raise PROTOCOL_VERSION instead`).toBe(hash);
  }
  expect(hashes).toHaveProperty(String(PROTOCOL_VERSION));
});

test('every kind has a byte of its own, devices below 64 and the server above', () => {
  const bytes = Object.values(frameKinds);
  expect(new Set(bytes).size).toBe(bytes.length);
  expect(frameKinds).toMatchObject({hello: 1, update: 2, welcome: 64, changes: 65});
});

test('the update in the examples is what its comment says', () => {
  const frame = exampleFrames.find(({kind}) => kind === 'update');
  const doc = new Y.Doc();
  Y.applyUpdate(doc, frame?.kind === 'update' ? frame.updates[0]!.bytes : new Uint8Array());
  expect(doc.getMap('fields').toJSON()).toEqual({title: [1_000, 'Roof']});
});
