// Lists of what one client wrote, in clock order.
/** A stretch of one client's clocks. */
export interface Span {
  readonly clock: number;
  readonly length: number;
}

/** Where the first one that ends past `clock` stands; the length of the list where none does. By halving. */
export function firstEndingAfter(list: readonly Span[], clock: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = list[middle];
    if (span !== undefined && span.clock + span.length <= clock) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By client, each list in the order of `things`. */
export function byClient<T extends {readonly client: number}>(things: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const thing of things) {
    const group = groups.get(thing.client);
    if (group === undefined) groups.set(thing.client, [thing]);
    else group.push(thing);
  }
  return groups;
}
