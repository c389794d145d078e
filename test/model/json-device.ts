// A device without Yjs: it keeps the values it pulled last and, per field, the feed position at which it
// pulled what its user saw while editing.
import type {Base} from '#crdt/change.ts';
import type {JsonValue} from '#crdt/json.ts';
import {DELETED_AT, nameOf, type DeviceWrite, type TextInsert, type WriteName} from './arrival.ts';
import type {KeySpec, Sample, Vocabulary} from './vocabulary.ts';

/** What it shows of one field, and since which pull. */
interface View {
  readonly base: number;
  readonly shown: ReadonlyMap<string, WriteName | null>;
  /** By key; own edits included. */
  readonly values: Map<string, JsonValue>;
}

export interface JsonPush {
  readonly changeId: string;
  readonly op: 'upsert' | 'delete';
  readonly at: number;
  readonly base: Base;
  readonly payload: Readonly<Record<string, JsonValue>>;
  readonly writes: readonly DeviceWrite[];
  readonly texts: readonly TextInsert[];
  readonly shownDelete: WriteName | null;
}

export interface JsonDevice {
  readonly kind: 'json';
  readonly id: string;
  readonly employee: boolean;
  readonly vocabulary: Vocabulary;
  skew: number;
  offset: number;
  online: boolean;
  readonly views: Map<string, View>;
  outbox: JsonPush[];
  readonly sent: JsonPush[];
  pushed: number;
}

export const createJsonDevice = (
  settings: Pick<JsonDevice, 'id' | 'employee' | 'vocabulary'>,
): JsonDevice => ({
  kind: 'json',
  ...settings,
  skew: 0,
  offset: 0,
  online: true,
  views: new Map(),
  outbox: [],
  sent: [],
  pushed: 0,
});

/** What a pull brings: the feed position, and per key the value and the name of the write behind it. */
export interface Pulled {
  readonly seq: number;
  readonly value: (key: string) => JsonValue;
  readonly name: (key: string) => WriteName | null;
}

function fieldsOf({keys}: Vocabulary): Map<string, KeySpec[]> {
  const fields = new Map<string, KeySpec[]>();
  for (const spec of keys) fields.set(spec.field, [...(fields.get(spec.field) ?? []), spec]);
  return fields;
}

/** Takes the pulled state, except for fields that show an edit of the device's own not yet acknowledged. */
export function pull(device: JsonDevice, pulled: Pulled): void {
  const pending = new Set(device.outbox.flatMap(({writes}) => writes.map(({key}) => key.split('/')[0])));
  const refresh = (field: string, keys: readonly string[]): void => {
    if (pending.has(field)) return;
    device.views.set(field, {
      base: pulled.seq,
      shown: new Map(keys.map((key) => [key, pulled.name(key)])),
      values: new Map(keys.map((key) => [key, pulled.value(key)])),
    });
  };
  for (const [field, specs] of fieldsOf(device.vocabulary)) {
    refresh(
      field,
      specs.map(({key}) => key),
    );
  }
  refresh(DELETED_AT, [DELETED_AT]);
}

const viewOf = (device: JsonDevice, field: string): View => {
  const view = device.views.get(field);
  if (view === undefined) throw new Error(`never pulled: ${field}`);
  return view;
};

export const jsonShowsDeleted = (device: JsonDevice): boolean =>
  viewOf(device, DELETED_AT).values.get(DELETED_AT) !== null;

const write = (
  view: View,
  key: string,
  made: {at: number; sample: Sample; onlyIfKnown: boolean; isListed: boolean},
): DeviceWrite => ({
  name: nameOf(key, made.at),
  key,
  at: made.at,
  value: 'normal' in made.sample ? made.sample.normal : made.sample.raw,
  code: 'code' in made.sample ? made.sample.code : null,
  shown: view.shown.get(key) ?? null,
  seen: null,
  onlyIfKnown: made.onlyIfKnown,
  isListed: made.isListed,
});

export interface JsonEdit {
  readonly spec: KeySpec;
  readonly sample: Sample;
}

/** One change of several fields. A set or a list of items travels whole. */
export function pushEdit(
  device: JsonDevice,
  edits: readonly JsonEdit[],
  {at, append}: {at: number; append: {field: string; text: string} | null},
): void {
  const payload: Record<string, JsonValue> = {};
  const writes: DeviceWrite[] = [];
  const lists = new Set<string>();
  for (const {spec, sample} of edits) {
    const view = viewOf(device, spec.field);
    if (spec.root === 'fields') {
      payload[spec.field] = sample.raw;
      writes.push(write(view, spec.key, {at, sample, onlyIfKnown: false, isListed: false}));
      if ('normal' in sample) view.values.set(spec.key, sample.normal);
    } else {
      // An invalid entry would stay in the array and spoil every later push of it.
      if (!('normal' in sample)) continue;
      view.values.set(spec.key, sample.normal);
      lists.add(spec.field);
    }
  }
  for (const field of lists) {
    const listed = list(device, field, at);
    payload[field] = listed.payload;
    writes.push(...listed.writes);
  }
  const texts = append === null ? [] : [{name: `text:${append.field}@${at}`, field: append.field}];
  if (append !== null) payload[append.field] = {append: append.text};
  if (Object.keys(payload).length > 0) send(device, {op: 'upsert', at, payload, writes, texts});
}

function list(
  device: JsonDevice,
  field: string,
  at: number,
): {payload: JsonValue; writes: readonly DeviceWrite[]} {
  const view = viewOf(device, field);
  const payload: JsonValue[] = [];
  const writes: DeviceWrite[] = [];
  for (const spec of fieldsOf(device.vocabulary).get(field) ?? []) {
    const value = view.values.get(spec.key) ?? null;
    if (value !== null) {
      payload.push(spec.root.startsWith('set:') ? spec.entry : {id: spec.entry, ...(value as object)});
    }
    const sample = {raw: value, normal: value};
    writes.push(write(view, spec.key, {at, sample, onlyIfKnown: value === null, isListed: value !== null}));
  }
  return {payload, writes};
}

export function pushDeleted(device: JsonDevice, deleted: boolean, at: number): void {
  const view = viewOf(device, DELETED_AT);
  const value = deleted ? 'deleted' : null;
  const made: DeviceWrite = {
    ...write(view, DELETED_AT, {
      at,
      sample: {raw: value, normal: value},
      onlyIfKnown: false,
      isListed: false,
    }),
    seen: deleted ? {seq: view.base, items: false} : null,
  };
  view.values.set(DELETED_AT, value);
  send(device, {
    op: deleted ? 'delete' : 'upsert',
    at,
    payload: deleted ? {} : {deletedAt: null},
    writes: [made],
    texts: [],
  });
}

function send(device: JsonDevice, push: Omit<JsonPush, 'changeId' | 'base' | 'shownDelete'>): void {
  const fields = [...Object.keys(push.payload), DELETED_AT].filter((field) => device.views.has(field));
  const seqs = Object.fromEntries(fields.map((field) => [field, viewOf(device, field).base]));
  const positions = [...new Set(Object.values(seqs))];
  const [first = 0] = positions;
  device.outbox.push({
    ...push,
    changeId: `${device.id}-${++device.pushed}`,
    base: positions.length === 1 ? {kind: 'cursor', seq: first} : {kind: 'by-field', seqs, fallback: 0},
    shownDelete: viewOf(device, DELETED_AT).shown.get(DELETED_AT) ?? null,
  });
}
