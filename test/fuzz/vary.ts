// Values that were honest once, changed where their structure allows it: another number of the edges, a text that
// something trips over, one element more or less.
import type {Random} from '#test/support/random.ts';

/** What may be put in the place of a leaf. */
export interface Leaves {
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  /** Anything in the place of anything; empty where the shape must stay. */
  readonly others: readonly unknown[];
}

/** A copy of the value with about one part in `rarity` changed. Numbers, texts, bytes, lists and objects. */
export function vary(
  value: unknown,
  random: Random,
  {leaves, rarity}: {leaves: Leaves; rarity: number},
): unknown {
  const {numbers, texts, others} = leaves;
  const again = (part: unknown): unknown => vary(part, random, {leaves, rarity});
  const isHit = random.integer(rarity) === 0;
  if (isHit && others.length > 0 && random.chance(0.4)) return random.pick(others);
  if (typeof value === 'number') return isHit && numbers.length > 0 ? random.pick(numbers) : value;
  if (typeof value === 'string') return isHit && texts.length > 0 ? random.pick(texts) : value;
  if (typeof value === 'boolean') return isHit ? !value : value;
  if (value instanceof Uint8Array) return isHit ? anyBytes(random) : value;
  if (Array.isArray(value)) return isHit ? listLike(value as unknown[], random).map(again) : value.map(again);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, part]) => [name, again(part)] as const);
  if (isHit && others.length > 0) {
    if (random.chance(0.5)) members.splice(random.integer(members.length + 1), 1);
    else members.push([random.pick(texts), random.pick(others)]);
  }
  return Object.fromEntries(members);
}

const anyBytes = (random: Random): Uint8Array =>
  Uint8Array.from({length: random.integer(40)}, () => random.integer(256));

function listLike(list: readonly unknown[], random: Random): unknown[] {
  if (list.length === 0 || random.chance(0.3)) return [];
  if (random.chance(0.5)) return [...list, ...list];
  return list.filter(() => random.chance(0.5));
}
