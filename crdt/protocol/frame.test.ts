// What comes from devices is read strictly and totally: any bytes give a frame or a typed failure.
import * as encoding from 'lib0/encoding';
import {describe, expect, test} from 'vitest';
import {decodeDeviceFrame, decodeServerFrame, encodeFrame, type DeviceFrame} from './frame.ts';
import {FRAME_UPDATES_MAX} from './limits.ts';

const id = '55555555-5555-4555-8555-555555555555';
const hello: DeviceFrame = {
  kind: 'hello',
  version: 1,
  token: 'e30.e30.c2ln',
  tenantId: null,
  deviceId: id,
  clientId: 7,
  clock: 1_790_000_000_000,
  cursor: null,
};
const update = {
  kind: 'update',
  request: 3,
  updates: [{entity: 'tasks', id, generation: 0, bytes: Uint8Array.of(0, 0)}],
} as const satisfies DeviceFrame;
const step: DeviceFrame = {
  kind: 'sync-step-1',
  request: 4,
  entity: 'tasks',
  id,
  generation: 0,
  stateVector: Uint8Array.of(0),
};
const samples = [hello, update, step, {kind: 'token', token: 'a'}, {kind: 'ping', clock: 5}] as const;

const bad = (message: string) => ({
  ok: false,
  code: 'bad_frame',
  message: `The frame cannot be read: ${message}.`,
});

describe('frames of devices', () => {
  test.each(samples.map((frame) => [frame.kind, frame] as const))('%s survives the wire', (_, frame) => {
    expect(decodeDeviceFrame(encodeFrame(frame))).toEqual({ok: true, frame});
  });

  test.each(samples.map((frame) => [frame.kind, frame] as const))(
    '%s cut short at any place is a bad frame',
    (_, frame) => {
      const bytes = encodeFrame(frame);
      for (let end = 0; end < bytes.length; end++) {
        expect(decodeDeviceFrame(bytes.subarray(0, end))).toMatchObject({ok: false, code: 'bad_frame'});
      }
    },
  );

  test.each(samples.map((frame) => [frame.kind, frame] as const))(
    '%s with a byte behind it is a bad frame',
    (_, frame) => {
      expect(decodeDeviceFrame(Uint8Array.of(...encodeFrame(frame), 0))).toMatchObject({ok: false});
    },
  );

  test('a frame of the server is none of a device', () => {
    expect(decodeDeviceFrame(encodeFrame({kind: 'caught-up', position: 1}))).toEqual(
      bad('the kind is unknown'),
    );
    expect(decodeServerFrame(encodeFrame(hello))).toEqual(bad('the kind is unknown'));
  });

  test('a hello of another version is named as such, whatever follows', () => {
    expect(decodeDeviceFrame(Uint8Array.of(1, 2, 250, 250))).toMatchObject({code: 'unsupported_protocol'});
    expect(decodeDeviceFrame(Uint8Array.of(1, 0x80))).toMatchObject({code: 'bad_frame'});
  });

  test.each([
    {updates: FRAME_UPDATES_MAX, ok: true},
    {updates: FRAME_UPDATES_MAX + 1, ok: false},
  ])('$updates updates in one frame: $ok', ({updates, ok}) => {
    const [one] = update.updates;
    const frame = encodeFrame({
      kind: 'update',
      request: 1,
      updates: Array.from({length: updates}, () => one),
    });
    expect(decodeDeviceFrame(frame).ok).toBe(ok);
  });

  test('a count beyond the bytes is refused before anything is made for it', () => {
    const bytes = encoding.encode((encoder) => {
      encoding.writeUint8(encoder, 2);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarUint(encoder, 400);
    });
    expect(decodeDeviceFrame(bytes)).toEqual(bad('a list is too long'));
  });

  test.each([
    {name: 'a padded integer', bytes: [5, 0x85, 0x00]},
    {name: 'an integer past 2^53', bytes: [5, 255, 255, 255, 255, 255, 255, 255, 255, 127]},
    {name: 'an id that is no UUID', bytes: [3, 1, 1, 97, ...Array<number>(16).fill(255), 0, 0]},
    {name: 'a string that is not UTF-8', bytes: [4, 2, 0xc3, 0x28]},
    {name: 'no kind', bytes: []},
    {name: 'the kind kept for presence', bytes: [6]},
  ])('$name is a bad frame', ({bytes}) => {
    expect(decodeDeviceFrame(Uint8Array.from(bytes))).toMatchObject({ok: false, code: 'bad_frame'});
  });

  test('random and mutated bytes never throw', () => {
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    for (let round = 0; round < 20_000; round++) {
      const base = encodeFrame(samples[random(samples.length)]!);
      const bytes =
        round % 3 === 0 ? Uint8Array.from({length: random(64)}, () => random(256)) : Uint8Array.from(base);
      for (let change = random(4); change >= 0 && bytes.length > 0; change--) {
        bytes[random(bytes.length)] = random(256);
      }
      if (round % 5 === 0 && bytes.length > 0) bytes[0] = random(8);
      expect(() => decodeDeviceFrame(bytes)).not.toThrow();
      expect(() => decodeServerFrame(bytes)).not.toThrow();
    }
  });
});
