// Values that can be recognised wherever they come to lie: one for every sensitive field of every entity, made to fit
// the field's own schema, so that a field declared later is covered without a line here.
import {randomInt} from 'node:crypto';
import type {Entity, Field} from '#crdt/entities/entity.ts';
import {parseFieldValue, requiredFields} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import {fieldSamples} from './field-samples.ts';

const randomText = (length: number, letters: string): string =>
  Array.from({length}, () => letters[randomInt(letters.length)]).join('');

/** Begins every canary of this run that is text. */
export const CANARY = `kanari${randomText(10, 'bcdfghjklmnpqrstvwxz')}`;
/** Begins every canary that is a phone number; long enough that no count or moment holds it by chance. */
export const CANARY_PHONE = `49151${randomText(6, '0123456789')}`;

/** Which writing of a field a canary belongs to: one lower-case letter. */
export type Writing = string;

/** Sensitive fields by the place they are written from. */
export interface SensitiveEntity {
  readonly entity: Entity;
  /** Names, in their order. */
  readonly byDevices: readonly string[];
  readonly byServer: readonly string[];
}

/** Every entity with a sensitive field. */
export const sensitiveEntities: readonly SensitiveEntity[] = Object.values(entities).flatMap((entity) => {
  const names = Object.entries(entity.fields).filter(([, field]) => field.sensitive);
  const byServer = names.filter(([, {kind}]) => kind === 'server').map(([name]) => name);
  const byDevices = names.filter(([, {kind}]) => kind !== 'server').map(([name]) => name);
  return names.length === 0 ? [] : [{entity, byDevices, byServer}];
});

/** Shapes that values have. A sensitive field that none fits makes the test fail, and asks for one more here. */
const shapes: readonly ((mark: string, digits: string) => JsonValue)[] = [
  (mark) => mark,
  (mark) => `${mark}@example.com`,
  (_, digits) => `+${CANARY_PHONE}${digits}`,
  (mark, digits) => ({
    ...{line1: mark, line2: mark, city: mark, region: mark, postalCode: mark, access: mark},
    location: {latitude: Number(`48.${CANARY_PHONE}${digits}`), longitude: 0},
  }),
  (mark) => ({position: 'a0', description: mark, quantityMilli: 1_000, unitPriceMinor: 100}),
];

const isMarked = (value: JsonValue): boolean => {
  const text = JSON.stringify(value);
  return text.includes(CANARY) || text.includes(CANARY_PHONE);
};

/** What is written to a field: a register's value, a text, an item without its id. */
export function canaryValue(entity: Entity, name: string, writing: Writing): JsonValue {
  const field = entity.fields[name];
  if (field === undefined) throw new Error(`${entity.name} has no field ${name}`);
  const place = Object.keys(entity.fields).indexOf(name);
  const mark = `${CANARY}${writing}${place}`;
  const digits = String((writing.codePointAt(0) ?? 0) % 26).padStart(2, '0') + String(place).padStart(2, '0');
  for (const shape of shapes) {
    const parsed = parseFieldValue(field, shape(mark, digits));
    if (parsed.ok && isMarked(parsed.value)) return parsed.value;
  }
  throw new Error(`No canary fits ${entity.name}.${name}: add its shape to test/support/canaries.ts`);
}

/** As a JSON payload has it. The item of an items field is always the same one. */
export function canaryJson(entity: Entity, name: string, writing: Writing): JsonValue {
  const value = canaryValue(entity, name, writing);
  switch (entity.fields[name]?.kind) {
    case 'items':
      return [{id: CANARY_ITEM, ...(value as JsonObject)}];
    case 'set':
      return [value];
    default:
      return value;
  }
}

export const CANARY_ITEM = 'item-of-canary';

/** A payload of all fields that `pick` takes. */
export const canaryPayload = (
  {entity, byDevices}: SensitiveEntity,
  writing: Writing,
  pick: (field: Field) => boolean = () => true,
): Record<string, JsonValue> =>
  Object.fromEntries(
    byDevices
      .filter((name) => pick(entity.fields[name]!))
      .map((name) => [name, canaryJson(entity, name, writing)]),
  );

/** What a new record must have besides. */
export const plainRequired = ({name, ...entity}: Entity): Record<string, JsonValue> =>
  Object.fromEntries(
    requiredFields({name, ...entity})
      .filter((field) => entity.fields[field]?.sensitive === false)
      .map((field) => [field, fieldSamples[name as keyof typeof fieldSamples][field]![0]!]),
  );
