// Frames of the live protocol, as the server reads those of devices and a device those of the server. What is read
// must be what was written: no two spellings of one frame.
import {isDeepStrictEqual} from 'node:util';
import {
  decodeDeviceFrame,
  decodeServerFrame,
  encodeFrame,
  type DecodedFrame,
  type Frame,
} from '#crdt/protocol/frame.ts';
import {exampleFrames} from '#test/golden/frames.ts';
import type {Random} from '#test/support/random.ts';
import {createSeeds, damage} from './damage.ts';
import {demand, type Target} from './target.ts';
import {vary, type Leaves} from './vary.ts';

const ids = ['55555555-5555-4555-8555-555555555555', '66666666-6666-4666-8666-666666666666'];

/** No leaf of another type: the encoder is honest. */
const leaves: Leaves = {
  numbers: [0, 1, 127, 128, 2 ** 14, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER],
  texts: ['', 'tasks', 'x'.repeat(70), '家😀', '\u0000', '__proto__'],
  others: [],
};

/** An honest frame with other values. */
function varied(frame: Frame, random: Random): Uint8Array | null {
  try {
    return encodeFrame(repaired(vary(frame, random, {leaves, rarity: 6}), frame, random) as Frame);
  } catch {
    // A choice that the encoder has no byte for, say.
    return null;
  }
}

/** Kinds and ids must be such, or nothing of the frame is ever read. */
function repaired(value: unknown, model: unknown, random: Random): unknown {
  if (typeof model === 'string' && (ids.includes(model) || /^[0-9a-f-]{36}$/.test(model)))
    return random.pick(ids);
  if (Array.isArray(value)) {
    const [first] = Array.isArray(model) ? (model as unknown[]) : [];
    return value.map((part: unknown) => repaired(part, first, random));
  }
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const models = (model ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      name === 'kind' ? models[name] : repaired(part, models[name], random),
    ]),
  );
}

function framesTo(name: string, decode: (bytes: Uint8Array) => DecodedFrame<Frame>): Target {
  const isRead = (frame: Frame): boolean => decode(encodeFrame(frame)).ok;
  return {
    name,
    isPure: true,
    begin(random) {
      const seeds = createSeeds(exampleFrames.map(encodeFrame), random);
      const honest = exampleFrames.filter(isRead);
      return {
        make() {
          const bytes = (random.chance(0.5) ? varied(random.pick(honest), random) : null) ?? seeds.pick();
          return random.chance(0.3) ? bytes : damage(bytes, seeds.pick(), random);
        },
        offer(input) {
          const decoded = decode(input);
          const word = decoded.ok ? decoded.frame.kind : `${decoded.code} ${decoded.message}`;
          seeds.note(input, word);
          if (!decoded.ok) return {accepted: false, word};
          return {accepted: true, word, verify: () => demandOneSpelling(decode, input, decoded.frame)};
        },
        finish: () => undefined,
      };
    },
  };
}

function demandOneSpelling(
  decode: (bytes: Uint8Array) => DecodedFrame<Frame>,
  input: Uint8Array,
  frame: Frame,
): void {
  const written = encodeFrame(frame);
  const again = decode(written);
  demand(
    again.ok && isDeepStrictEqual(again.frame, frame),
    'a frame reads otherwise once it was written again',
  );
  // A conflict carries JSON, which has spaces.
  if (frame.kind === 'conflict') return;
  demand(Buffer.compare(written, input) === 0, 'a frame has two spellings');
}

export const deviceFrames = framesTo('device frames', decodeDeviceFrame);
export const serverFrames = framesTo('server frames', decodeServerFrame);
