// Which place each new item of an update belongs to. An item says so itself or through its neighbours, which
// may stand in the document or in any other section of the update.
import * as Y from 'yjs';
import {Gap, Refusal, type AdmittedElement, type MapElement, type TextElement} from './admitted.ts';
import type {Entity} from './entities/entity.ts';
import {forbiddenKeys, isStorableString} from './json.ts';
import {keyOf, rootOfItem, rootsOf, type RootSpec} from './roots.ts';
import type {ItemId, ParsedItem} from './update-reader.ts';

interface Parent {
  readonly root: RootSpec;
  /** Map entry; null in a text. */
  readonly entry: string | null;
}

/** The new items of one client, and how many of them are resolved. */
export interface Pending {
  readonly client: number;
  readonly items: readonly ParsedItem[];
  next: number;
}

/** Map entries are short names; this only keeps keys out that no schema could accept. */
const ENTRY_LENGTH_MAX = 256;

/** Where the parents of an update's items are looked up: in the document, or among the items resolved so far. */
interface Resolver {
  readonly roots: ReadonlyMap<string, RootSpec>;
  find(id: ItemId): Parent | 'later';
  note(client: number, item: ParsedItem, parent: Parent): void;
}

export function createResolver(
  {entity, doc}: {entity: Entity; doc: Y.Doc},
  pending: readonly Pending[],
): Resolver {
  const resolved = new Map<number, ResolvedPart[]>();
  return {
    roots: rootsOf(entity),
    find(id) {
      if (id.clock < Y.getState(doc.store, id.client)) return parentOf(entity, doc, id);
      const done = partAt(resolved.get(id.client) ?? [], id.clock);
      if (done !== undefined) return done.parent;
      const last = pending.find((section) => section.client === id.client)?.items.at(-1);
      if (last === undefined || id.clock >= last.clock + last.length) throw new Gap();
      return 'later';
    },
    note(client, item, parent) {
      const parts = resolved.get(client) ?? [];
      if (parts.length === 0) resolved.set(client, parts);
      parts.push({clock: item.clock, end: item.clock + item.length, parent});
    },
  };
}

interface ResolvedPart {
  readonly clock: number;
  readonly end: number;
  readonly parent: Parent;
}

/** Halving: a scan would let one update of many items cost their number squared, and more where sections wait. */
function partAt(parts: readonly ResolvedPart[], clock: number): ResolvedPart | undefined {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const part = parts[middle];
    if (part !== undefined && part.end <= clock) low = middle + 1;
    else high = middle;
  }
  const found = parts[low];
  return found !== undefined && found.clock <= clock ? found : undefined;
}

function parentOf(entity: Entity, doc: Y.Doc, id: ItemId): Parent {
  const struct = Y.getItem(doc.store, Y.createID(id.client, id.clock)) as Y.Item | Y.GC;
  const root = struct instanceof Y.Item ? rootOfItem(entity, doc, struct) : null;
  if (root === null || !(struct instanceof Y.Item)) {
    throw new Refusal('update_bad_origin', 'An item names a neighbour outside the declared roots.');
  }
  return {root, entry: struct.parentSub};
}

/**
 * Resolves each item's parent and expands runs. Sections may build on each other in both directions, so it
 * goes round until nothing moves; an item that names itself or a circle never resolves.
 */
export function resolveAll(pending: readonly Pending[], resolver: Resolver): AdmittedElement[] {
  const elements: AdmittedElement[] = [];
  let moved = true;
  while (moved) {
    moved = false;
    for (const section of pending) {
      for (let item = section.items[section.next]; item !== undefined; item = section.items[section.next]) {
        const parent = resolveParent(item, section.client, resolver);
        if (parent === 'later') break;
        resolver.note(section.client, item, parent);
        elements.push(
          ...(parent.entry === null
            ? [textElement(section.client, item, parent.root)]
            : mapElements(section.client, item, {root: parent.root, entry: parent.entry})),
        );
        section.next++;
        moved = true;
      }
    }
  }
  if (pending.some((section) => section.next < section.items.length)) {
    throw new Refusal('update_bad_origin', 'An item builds on itself.');
  }
  return elements;
}

function resolveParent(item: ParsedItem, client: number, resolver: Resolver): Parent | 'later' {
  if (item.root !== null) return declaredParent(item.root, item.mapKey, resolver);
  let parent: Parent | null = null;
  for (const neighbour of [item.origin, item.rightOrigin]) {
    if (neighbour === null) continue;
    if (neighbour.client === client && neighbour.clock >= item.clock) {
      throw new Refusal('update_bad_origin', 'An item names a neighbour of its own future.');
    }
    const found = resolver.find(neighbour);
    if (found === 'later') return 'later';
    if (parent !== null && (parent.root.name !== found.root.name || parent.entry !== found.entry)) {
      throw new Refusal('update_bad_origin', 'An item stands between two places.');
    }
    parent = found;
  }
  if (parent === null) throw new Refusal('update_bad_parent', 'An item has no parent.');
  return parent;
}

function declaredParent(name: string, entry: string | null, resolver: Resolver): Parent {
  const root = resolver.roots.get(name);
  if (root === undefined)
    throw new Refusal('update_bad_parent', 'The update names a root that the entity lacks.');
  if ((root.kind === 'text') !== (entry === null)) {
    throw new Refusal('update_bad_parent', 'A map entry has no key, or a text has one.');
  }
  // The merge names members `field/member`: a register of that name would be taken for one.
  if (root.kind === 'fields' && entry?.includes('/') === true) {
    throw new Refusal('update_bad_parent', 'A field has no slash in its name.');
  }
  if (
    entry !== null &&
    (entry.length > ENTRY_LENGTH_MAX || forbiddenKeys.has(entry) || !isStorableString(entry))
  ) {
    throw new Refusal('update_bad_parent', 'A map key cannot be a field, a member or an item id.');
  }
  return {root, entry};
}

function textElement(client: number, item: ParsedItem, root: RootSpec): TextElement {
  if (item.content.kind === 'values') {
    throw new Refusal('update_bad_content', 'A text holds text only.');
  }
  const {clock, length, origin, rightOrigin} = item;
  const text = item.content.kind === 'text' ? item.content.text : null;
  return {kind: 'text', root, client, clock, length, origin, rightOrigin, text};
}

function mapElements(client: number, item: ParsedItem, place: {root: RootSpec; entry: string}): MapElement[] {
  const {root, entry} = place;
  if (item.rightOrigin !== null) throw new Refusal('update_bad_origin', 'A map entry has a right neighbour.');
  if (item.content.kind === 'text') throw new Refusal('update_bad_content', 'A map holds plain values only.');
  const key = keyOf(root, entry);
  // Written out: spreading what the elements share takes V8 ten times as long as all the rest.
  if (item.content.kind === 'deleted') {
    const {clock, length, origin} = item;
    return [{kind: 'map', key, root, entry, client, clock, length, origin, value: undefined, slice: [0, 0]}];
  }
  const {values, bounds} = item.content;
  return values.map((value, index) => ({
    kind: 'map',
    key,
    root,
    entry,
    client,
    clock: item.clock + index,
    length: 1,
    origin: index === 0 ? item.origin : {client, clock: item.clock + index - 1},
    value,
    slice: [bounds[index] ?? 0, bounds[index + 1] ?? 0],
  }));
}
