// Bytes that were honest once: one change, of those that parsers trip over.
import type {Random} from '#test/support/random.ts';

/** Edges of lib0's encoding: ends of varints, flags of items, tags of values. */
const interesting = [0, 1, 2, 0x0a, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xa8, 0xc4, 0xff];

/** donor: bytes of the same kind, of which a stretch may be put in. */
export function damage(bytes: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  const list = [...bytes];
  const at = random.integer(list.length + 1);
  const length = 1 + random.integer(8);
  const change = (byteOf: (byte: number) => number): void => {
    if (list.length > 0) list[at % list.length] = byteOf(list[at % list.length] ?? 0) & 0xff;
  };
  switch (random.integer(9)) {
    case 0:
      change((byte) => byte ^ (1 << random.integer(8)));
      break;
    case 1:
      change(() => random.pick(interesting));
      break;
    case 2: // off by one: counts, clocks, lengths
      change((byte) => byte + random.pick([1, 255]));
      break;
    case 3:
      list.splice(at, length);
      break;
    case 4:
      list.splice(at, 0, ...Array.from({length}, () => random.pick(interesting)));
      break;
    case 5: // a stretch twice
      list.splice(at, 0, ...list.slice(at, at + 4 * length));
      break;
    case 6: {
      const from = random.integer(donor.length + 1);
      list.splice(at, random.integer(8), ...donor.subarray(from, from + 4 * length));
      break;
    }
    case 7:
      list.length = at;
      break;
    default: {
      const moved = list.splice(random.integer(list.length + 1), length);
      list.splice(random.integer(list.length + 1), 0, ...moved);
    }
  }
  return Uint8Array.from(list);
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
