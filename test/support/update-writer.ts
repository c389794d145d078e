// Crafts Yjs V1 updates byte by byte, honest or not: whatever a test wants on the wire, and nothing checked.
import * as encoding from 'lib0/encoding';

export interface Id {
  readonly client: number;
  readonly clock: number;
}

/** One struct as bytes, and what it says of its length. */
export type Struct = readonly number[];

export interface Section {
  readonly client: number;
  readonly clock: number;
  readonly structs: readonly Struct[];
  /** What the section claims to hold; the number of `structs` if absent. */
  readonly count?: number;
}

export interface DeleteSection {
  readonly client: number;
  /** Pairs of clock and length. */
  readonly ranges: readonly (readonly [number, number])[];
}

const encoded = (write: (encoder: encoding.Encoder) => void): number[] => [
  ...encoding.encode((encoder) => write(encoder)),
];

const smallUints = Array.from({length: 0x80}, (_, value): readonly number[] => [value]);

export const uint = (value: number): readonly number[] =>
  smallUints[value] ?? encoded((encoder) => encoding.writeVarUint(encoder, value));
export const int = (value: number): number[] => encoded((encoder) => encoding.writeVarInt(encoder, value));
export const string = (text: string): number[] =>
  encoded((encoder) => encoding.writeVarString(encoder, text));

/** lib0's "any"; besides JSON it takes undefined, bigint and Uint8Array. */
export const any = (value: unknown): number[] =>
  encoded((encoder) => encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1]));

/** A claimed length in front of bytes that need not be that long. */
export const claimed = (length: number, bytes: readonly number[]): number[] => [...uint(length), ...bytes];

// Content: the reference number of its kind, then its bytes.
export interface Content {
  readonly ref: number;
  readonly bytes: readonly number[];
}
export const deleted = (length: number): Content => ({ref: 1, bytes: uint(length)});
export const json = (...texts: string[]): Content => ({
  ref: 2,
  bytes: [...uint(texts.length), ...texts.flatMap(string)],
});
export const binary = (length: number, bytes: readonly number[]): Content => ({
  ref: 3,
  bytes: claimed(length, bytes),
});
export const chars = (text: string): Content => ({ref: 4, bytes: string(text)});
export const embed = (value: unknown): Content => ({ref: 5, bytes: string(JSON.stringify(value))});
export const format = (key: string, value: unknown): Content => ({
  ref: 6,
  bytes: [...string(key), ...string(JSON.stringify(value))],
});
/** 0 array, 1 map, 2 text, 3 XML element (with a name), 4 XML fragment. */
export const nested = (typeRef: number, name?: string): Content => ({
  ref: 7,
  bytes: [...uint(typeRef), ...(name === undefined ? [] : string(name))],
});
export const values = (...list: unknown[]): Content => ({
  ref: 8,
  bytes: [...uint(list.length), ...list.flatMap(any)],
});
/** Values whose bytes are given. */
export const rawValues = (count: number, bytes: readonly number[]): Content => ({
  ref: 8,
  bytes: claimed(count, bytes),
});
export const subdocument = (guid: string, options: unknown): Content => ({
  ref: 9,
  bytes: [...string(guid), ...any(options)],
});

/** Where an item stands: in a root (with a map key or without), in a nested type, or beside others. */
export interface Place {
  readonly origin?: Id;
  readonly rightOrigin?: Id;
  readonly root?: string;
  readonly parent?: Id;
  readonly key?: string;
}

export function item(place: Place, content: Content): Struct {
  const hasNeighbour = place.origin !== undefined || place.rightOrigin !== undefined;
  const info =
    content.ref |
    (place.origin === undefined ? 0 : 0x80) |
    (place.rightOrigin === undefined ? 0 : 0x40) |
    (place.key === undefined ? 0 : 0x20);
  return [
    info,
    ...(place.origin === undefined ? [] : idBytes(place.origin)),
    ...(place.rightOrigin === undefined ? [] : idBytes(place.rightOrigin)),
    ...(hasNeighbour ? [] : parentBytes(place)),
    ...content.bytes,
  ];
}

const idBytes = (id: Id): number[] => [...uint(id.client), ...uint(id.clock)];

const parentBytes = (place: Place): number[] => [
  ...(place.parent === undefined ? [1, ...string(place.root ?? 'fields')] : [0, ...idBytes(place.parent)]),
  ...(place.key === undefined ? [] : string(place.key)),
];

/** A register's first write: no origin. */
export const register = (key: string, value: unknown, at = 1_000): Struct =>
  item({root: 'fields', key}, values([at, value]));

export const collected = (length: number): Struct => [0, ...uint(length)];
export const skip = (length: number): Struct => [10, ...uint(length)];

export function craftUpdate(
  sections: readonly Section[],
  deletes: readonly DeleteSection[] = [],
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...uint(sections.length),
    ...sections.flatMap(({client, clock, structs, count}) => [
      ...uint(count ?? structs.length),
      ...uint(client),
      ...uint(clock),
      ...structs.flat(),
    ]),
    ...uint(deletes.length),
    ...deletes.flatMap(({client, ranges}) => [
      ...uint(client),
      ...uint(ranges.length),
      ...ranges.flatMap(([clock, length]) => [...uint(clock), ...uint(length)]),
    ]),
  ]);
}

/** One client, one section. */
export const craftSection = (
  client: number,
  clock: number,
  ...structs: readonly Struct[]
): Uint8Array<ArrayBuffer> => craftUpdate([{client, clock, structs}]);
