// Updates built struct by struct out of ids that exist, or nearly: deeper into the guard than damage gets.
import * as Y from 'yjs';
import type {Random} from '#test/support/random.ts';
import {
  chars,
  collected,
  craftUpdate,
  deleted,
  item,
  nested,
  skip,
  values,
  type Content,
  type Id,
  type Place,
  type Section,
  type Struct,
} from '#test/support/update-writer.ts';
import type {Ground} from './ground.ts';

export function makeUpdate(ground: Ground, random: Random): Uint8Array {
  const {server} = ground;
  const clients = new Set(Array.from({length: random.pick([0, 1, 1, 2])}, () => anyClient(ground, random)));
  const sections: Section[] = [...clients].map((client) => ({
    client,
    clock: Math.max(0, Y.getState(server.store, client) + random.pick([0, 0, 0, 0, -1, -2, 1])),
    structs: Array.from({length: 1 + random.integer(4)}, () => anyStruct(ground, random)),
  }));
  const deletes = Array.from({length: random.pick([0, 0, 0, 1, 2])}, () => {
    const {client, clock} = anyId(ground, random);
    return {client, ranges: [[clock, 1 + random.integer(4)] as const]};
  });
  return craftUpdate(sections, deletes);
}

const anyClient = ({own, others}: Ground, random: Random): number =>
  random.pick(random.chance(0.6) ? own : others);

function anyId(ground: Ground, random: Random): Id {
  const client = anyClient(ground, random);
  const known = Y.getState(ground.server.store, client);
  return {
    client,
    clock: Math.max(0, random.chance(0.8) ? random.integer(known + 3) : known + random.integer(3)),
  };
}

function anyPlace(ground: Ground, random: Random): Place {
  const {maps, texts} = ground;
  const kind = random.integer(10);
  if (kind < 3) return {origin: anyId(ground, random)};
  if (kind < 4) return {rightOrigin: anyId(ground, random)};
  if (kind < 6) return {origin: anyId(ground, random), rightOrigin: anyId(ground, random)};
  if (kind < 7) return {root: random.pick(texts)};
  const [root, entries] = random.pick(maps);
  return random.chance(0.97) ? {root, key: random.pick(entries)} : {root: 'evil', key: 'a'};
}

function anyContent(random: Random): Content {
  switch (random.integer(8)) {
    case 0:
      return deleted(1 + random.integer(3));
    case 1:
    case 2:
    case 3:
      return chars(random.pick(['x', 'yz', '😀', 'a😀b']));
    case 4:
      return random.chance(0.9) ? values([1, NaN]) : nested(random.integer(5));
    default:
      return values(...Array.from({length: 1 + random.integer(3)}, (_, at) => [at, 'v']));
  }
}

function anyStruct(ground: Ground, random: Random): Struct {
  if (random.chance(0.05)) return random.chance(0.7) ? skip(1 + random.integer(4)) : collected(1);
  return item(anyPlace(ground, random), anyContent(random));
}
