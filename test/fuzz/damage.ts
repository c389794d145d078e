// Bytes that were honest once: one change, of those that parsers trip over.
import type {Random} from '#test/support/random.ts';

/** Edges of lib0's encoding: ends of varints, flags of items, tags of values. */
const interesting = [0, 1, 2, 0x0a, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xa8, 0xc4, 0xff];

/** donor: bytes of the same kind, of which a stretch may be put in. */
export function damage(bytes: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(bytes.length + 1);
  const length = 1 + random.integer(8);
  const change = (byteOf: (byte: number) => number): Uint8Array => {
    const changed = bytes.slice();
    const place = at % changed.length;
    if (changed.length > 0) changed[place] = byteOf(changed[place] ?? 0);
    return changed;
  };
  switch (random.integer(9)) {
    case 0:
      return change((byte) => byte ^ (1 << random.integer(8)));
    case 1:
      return change(() => random.pick(interesting));
    case 2: // off by one: counts, clocks, lengths
      return change((byte) => byte + random.pick([1, 255]));
    case 3:
      return spliced(bytes, {at, removed: length, put: []});
    case 4: {
      const put = Array.from({length}, () => random.pick(interesting));
      return spliced(bytes, {at, removed: 0, put});
    }
    case 5: // a stretch twice
      return spliced(bytes, {at, removed: 0, put: bytes.subarray(at, at + 4 * length)});
    case 6: {
      const from = random.integer(donor.length + 1);
      return spliced(bytes, {at, removed: random.integer(8), put: donor.subarray(from, from + 4 * length)});
    }
    case 7:
      return bytes.slice(0, at);
    default: {
      const from = random.integer(bytes.length + 1);
      const rest = spliced(bytes, {at: from, removed: length, put: []});
      const put = bytes.subarray(from, from + length);
      return spliced(rest, {at: random.integer(rest.length + 1), removed: 0, put});
    }
  }
}

/** A copy with some bytes taken out at a place, and others put there. A list of numbers would cost ten times as much. */
function spliced(
  bytes: Uint8Array,
  {at, removed, put}: {at: number; removed: number; put: ArrayLike<number>},
): Uint8Array {
  const rest = bytes.subarray(at + removed);
  const result = new Uint8Array(at + put.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(put, at);
  result.set(rest, at + put.length);
  return result;
}

/** Inputs to begin from, which grow by those that brought something new. */
export interface Seeds {
  readonly pick: () => Uint8Array;
  /** Kept if no input brought this word before. */
  readonly note: (input: Uint8Array, word: string) => void;
}

const SEEDS_MAX = 64;
/** A longer input costs more to change than what it may find. */
const SEED_BYTES_MAX = 4_096;

export function createSeeds(first: readonly Uint8Array[], random: Random): Seeds {
  const byLength = first.toSorted((a, b) => a.length - b.length);
  // The shortest in any case: something is to begin from.
  const seeds = byLength.filter(({length}, index) => index === 0 || length <= SEED_BYTES_MAX);
  const words = new Set<string>();
  return {
    pick: () => random.pick(seeds),
    note(input, word) {
      if (words.has(word)) return;
      words.add(word);
      if (seeds.length < first.length + SEEDS_MAX && input.length <= SEED_BYTES_MAX) seeds.push(input);
    },
  };
}

/** A seed as it is or damaged up to twice. */
export function damagedSeed(seeds: Seeds, random: Random, from = seeds.pick()): Uint8Array {
  let bytes = from;
  for (let times = random.integer(3); times > 0; times--) bytes = damage(bytes, seeds.pick(), random);
  return bytes;
}
