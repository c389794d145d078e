// Reads what a Yjs update wrote from the update alone and what was noted of its surroundings: for people to look at,
// and to be written again where the document it was made on is gone.
import {unstorable} from './any-reader.ts';
import type {Entity} from './entities/entity.ts';
import type {JsonValue} from './json.ts';
import {declaredPlace, isDeletedBy, type Place, type Surroundings} from './surroundings.ts';
import type {ItemId, ParsedItem, ParsedUpdate} from './update-reader.ts';
import type {WriteId} from './write.ts';

export interface WrittenValue {
  /** As the merge names it. */
  readonly key: string;
  /** The device's clock, ms; null where the update does not say, as of a deletion. */
  readonly at: number | null;
  /** The last one written there; null: cleared or deleted. */
  readonly value: JsonValue;
  /** The write that its author had seen there, if that was the latest when it came; else null. */
  readonly over: WriteId | null;
}

export interface WrittenText {
  readonly field: string;
  /** What it adds, in the order in which it was typed. */
  readonly text: string;
  /** It also deletes from the text. */
  readonly isCut: boolean;
}

export interface Written {
  readonly values: readonly WrittenValue[];
  readonly texts: readonly WrittenText[];
  /** Parts that cannot be told to belong anywhere, or that no record may hold. */
  readonly unread: number;
}

interface Found {
  readonly client: number;
  readonly item: ParsedItem;
  readonly place: Place | null;
}

/**
 * What is new in an update of its author's own. ownClients: their Yjs client ids; items of others are repeats.
 */
export function readWritten(
  entity: Entity,
  {update, ownClients}: {update: ParsedUpdate; ownClients: ReadonlySet<number>},
  surroundings: Surroundings,
): Written {
  const values = new Map<string, WrittenValue>();
  const texts = new Map<string, string>();
  let unread = 0;
  for (const {client, item, place} of placeItems(update, surroundings)) {
    if (!ownClients.has(client)) continue;
    const known = surroundings.known.find((one) => one.client === client)?.clock ?? 0;
    const skipped = Math.max(0, known - item.clock);
    if (skipped >= item.length) continue;
    const at = place === null ? onlyText(entity, item) : declaredPlace(entity, place);
    if (at === null) {
      // What was overwritten or taken back before it was sent says nothing.
      if (item.content.kind !== 'deleted') unread++;
    } else if (at.isText) {
      const added = item.content.kind === 'text' ? addedText(update, client, {item, skipped}) : '';
      texts.set(at.field, (texts.get(at.field) ?? '') + added);
    } else {
      const value = lastValue(update, client, item);
      const before = values.get(at.key);
      const over = before?.over ?? shownAt(surroundings, item.origin);
      if (value === null) unread++;
      else if (isLater(value, before)) values.set(at.key, {key: at.key, ...value, over});
    }
  }
  for (const {key, write: over} of surroundings.deleted)
    if (!values.has(key)) values.set(key, {key, at: null, value: null, over});
  const fields = new Set([...texts.keys(), ...surroundings.cut]);
  return {
    values: [...values.values()],
    texts: [...fields].flatMap((field) => {
      const [text, isCut] = [texts.get(field) ?? '', surroundings.cut.includes(field)];
      return text === '' && !isCut ? [] : [{field, text, isCut}];
    }),
    unread,
  };
}

/** Items that stand beside each other stand in one place; it goes round until nothing more is found. */
function placeItems({sections}: ParsedUpdate, {places}: Surroundings): Found[] {
  const placed = new Map<ParsedItem, Place>();
  const held = new Map(
    sections.map(({client, structs}) => [client, structs.filter((struct) => struct.kind === 'item')]),
  );
  const noted = new Map(places.map(({id, place}) => [`${id.client}.${id.clock}`, place]));
  const placeAt = (id: ItemId | null): Place | undefined => {
    if (id === null) return undefined;
    const item = held
      .get(id.client)
      ?.find(({clock, length}) => id.clock >= clock && id.clock < clock + length);
    return (item && placed.get(item)) ?? noted.get(`${id.client}.${id.clock}`);
  };
  for (let before = -1; before < placed.size;) {
    before = placed.size;
    for (const items of held.values()) {
      for (const item of items) {
        if (placed.has(item)) continue;
        const {root, mapKey: entry, origin, rightOrigin} = item;
        const place = root === null ? (placeAt(origin) ?? placeAt(rightOrigin)) : {root, entry};
        if (place !== undefined) placed.set(item, place);
      }
    }
  }
  return [...held].flatMap(([client, items]) =>
    items.map((item) => ({client, item, place: placed.get(item) ?? null})),
  );
}

/** Text that stands nobody knows where belongs to the entity's one text, if it has only one. */
function onlyText(entity: Entity, {content}: ParsedItem): ReturnType<typeof declaredPlace> {
  if (content.kind !== 'text') return null;
  const names = Object.entries(entity.fields).filter(([, {kind}]) => kind === 'text');
  const [only] = names;
  if (only === undefined || names.length > 1) return null;
  return declaredPlace(entity, {root: `text:${only[0]}`, entry: null});
}

function addedText(
  update: ParsedUpdate,
  client: number,
  {item, skipped}: {item: ParsedItem; skipped: number},
): string {
  if (item.content.kind !== 'text') return '';
  const units = item.content.text.split('');
  return units
    .filter((_, index) => index >= skipped && !isDeletedBy(update, {client, clock: item.clock + index}))
    .join('');
}

const shownAt = ({places}: Surroundings, origin: ItemId | null): WriteId | null =>
  places.find(({id}) => id.client === origin?.client && id.clock === origin.clock)?.write ?? null;

type Last = Pick<WrittenValue, 'at' | 'value'>;

/** Of a run of values the last is shown. Null: it is none that a record may hold. */
function lastValue(update: ParsedUpdate, client: number, {content, clock, length}: ParsedItem): Last | null {
  const isDeleted = content.kind === 'deleted' || isDeletedBy(update, {client, clock: clock + length - 1});
  if (isDeleted) return {at: null, value: null};
  const pair = content.kind === 'values' ? content.values.at(-1) : undefined;
  if (pair === undefined || pair === unstorable || !Array.isArray(pair) || pair.length !== 2) return null;
  const [at, value] = pair as readonly JsonValue[];
  return typeof at === 'number' && at >= 0 && value !== undefined ? {at, value} : null;
}

/** Sections are of several sessions of one device, in no order; a deletion has no clock and says least. */
const isLater = ({at}: Last, known: WrittenValue | undefined): boolean =>
  known === undefined || known.at === null || (at !== null && at >= known.at);
