// The Yjs update that most are, on a record whose document nobody has built: new values, each over the one that its field
// shows. What guard, integration and the search for what its author had seen come to is plain then, and is told from what
// is remembered and from the encoded state. Judged and decided it is as every other.
import type {MapElement} from './admitted.ts';
import {unstorable} from './any-reader.ts';
import type {ChangeContext, ChangeOutcome, UpdateChange} from './change.ts';
import type {JsonValue} from './json.ts';
import {judge} from './judge.ts';
import {beginMerge, type Merge} from './merge.ts';
import {outcomeOf} from './outcome.ts';
import {areImplied, fitsPlainly, integratePlainly} from './plain-document.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {DELETED_AT, deletedAtOf, type RecordState} from './record.ts';
import {entryOf, rootsOf} from './roots.ts';
import {settleOverwrites} from './settle-update.ts';
import type {ItemId, ParsedItem, ParsedUpdate} from './update-reader.ts';
import {hasCarrier} from './write.ts';

/** Null where it is anything else, or anything of it is refused: nothing has happened then. */
export function applyPlainly(
  record: RecordState,
  {update, ownClients}: UpdateChange,
  context: ChangeContext,
): ChangeOutcome | null {
  const {plain} = record;
  if (plain === null || deletedAtOf(record) !== null) return null;
  const elements = readElements(record, update, ownClients);
  if (elements === null) return null;
  const overwrites = elements.map(({client, clock, origin, value}) => ({
    id: {client, clock},
    over: origin,
    value,
  }));
  if (!fitsPlainly(plain, overwrites) || !areImplied(plain, overwrites, update.deletes)) return null;
  const merge = beginMerge(record, context);
  if (elements.some(({key}) => mayKeep(merge, key))) return null;
  const judgement = judge(merge, {elements, textDeletes: [], ownClients});
  if (judgement.refused.size > 0) return null;
  const delta = integratePlainly(plain, overwrites);
  settleOverwrites(merge, elements, judgement);
  return outcomeOf(merge, {delta, creating: false});
}

/** Whether a field may hold on to its value against who has seen it; the server then writes that once more. */
function mayKeep({record: {entity}, frozen}: Merge, key: string): boolean {
  const field = entity.fields[key];
  return frozen.size > 0 || entity.keeps !== undefined || (field?.kind === 'register' && field.fixed);
}

interface Overwriting extends MapElement {
  readonly origin: ItemId;
  readonly value: JsonValue;
}

/** The items of an update, no two of one key; null where one of them is no value over another. */
function readElements(
  record: RecordState,
  {sections}: ParsedUpdate,
  ownClients: ReadonlySet<number>,
): Overwriting[] | null {
  const [section] = sections;
  if (section === undefined || sections.length > 1) return null;
  const {client, structs} = section;
  if (client >= SERVER_CLIENT_ID_MIN || !ownClients.has(client)) return null;
  const elements: Overwriting[] = [];
  for (const struct of structs) {
    const element = struct.kind === 'item' ? readElement(record, client, struct) : null;
    if (element === null || elements.some(({key}) => key === element.key)) return null;
    elements.push(element);
  }
  return elements;
}

function readElement(
  {entity, writes}: RecordState,
  client: number,
  {origin, rightOrigin, content, clock, length}: ParsedItem,
): Overwriting | null {
  if (origin === null || rightOrigin !== null || length !== 1 || content.kind !== 'values') return null;
  const key = keyShownBy(writes, origin);
  if (key === null || key === DELETED_AT) return null;
  const {root: name, entry} = entryOf(entity, key);
  const root = rootsOf(entity).get(name);
  const [from, to] = content.bounds;
  const [value] = content.values;
  if (root === undefined || from === undefined || to === undefined) return null;
  if (value === undefined || value === unstorable) return null;
  return {
    kind: 'map',
    key,
    root,
    entry,
    client,
    clock,
    length,
    origin,
    value,
    slice: [from, to],
  };
}

function keyShownBy(writes: RecordState['writes'], id: ItemId): string | null {
  for (const [key, {carriers}] of writes) if (hasCarrier(carriers, id)) return key;
  return null;
}
