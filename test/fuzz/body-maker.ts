// Bodies of requests: honest ones, changed where their structure allows it, and spelled as JSON that parsers differ on.
import type {EntityName} from '#crdt/entities/entity.ts';
import {fieldSamples} from '#test/support/field-samples.ts';
import type {Random} from '#test/support/random.ts';
import {vary, type Leaves} from './vary.ts';

export type WrittenEntity = keyof typeof fieldSamples;
export const writtenEntities = Object.keys(fieldSamples) as WrittenEntity[];

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

const texts = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\ufffd',
  '\u202e',
  '__proto__',
  'constructor',
  'deletedAt',
  'title/x',
  '2026-02-30T25:61:00Z',
  '2026-03-01T08:00:00.000Z',
  '99999999-9999-4999-8999-999999999999',
  '9'.repeat(400),
  'x'.repeat(20_000),
  "'; DROP TABLE records; --",
  '%s%n${7*7}{{7*7}}',
];
const numbers = [0, -0, -1, 1.5, 1e21, 2 ** 53, -(2 ** 63), 1e308, Number.MIN_VALUE];

/** What may stand where something else belongs. */
export const bodyLeaves: Leaves = {
  numbers,
  texts,
  others: [
    null,
    true,
    '',
    0,
    -1,
    [],
    {},
    [[]],
    {id: 1},
    {append: 'x'},
    {append: 5},
    'x',
    deep(12),
    deep(500),
    [null],
  ],
};

/** Fields of an entity with sampled values, as a device would write them. */
export function honestFields(entity: WrittenEntity, random: Random): Record<string, unknown> {
  const samples = fieldSamples[entity];
  const names = Object.keys(samples).filter(() => random.chance(0.3));
  return Object.fromEntries(names.map((name) => [name, honestValue(entity, name, random)]));
}

const lists = new Set([
  'tags',
  'teamIds',
  'skills',
  'checklist',
  'timeEntries',
  'lineItems',
  'checklistTemplate',
]);

function honestValue(entity: WrittenEntity, name: string, random: Random): unknown {
  const values = fieldSamples[entity][name] ?? [];
  if (!lists.has(name)) return random.chance(0.1) ? null : random.pick(values);
  const chosen = values.filter(() => random.chance(0.6));
  return chosen.map((value) =>
    value !== null && typeof value === 'object' ? Object.assign({id: random.pick(itemIds)}, value) : value,
  );
}

const itemIds = ['a1b2c3', 'item-2', '55555555-5555-4555-8555-555555555555'];

export interface PushFacts {
  readonly entity: EntityName;
  readonly entityId: string;
  readonly deviceId: string;
  /** ms since epoch. */
  readonly now: number;
  /** Cursors of the server's own. */
  readonly cursors: readonly string[];
  /** Base64 of updates to the record. */
  readonly updates: readonly string[];
}

/** An honest push of up to three changes of one record. */
export function honestPush(facts: PushFacts, random: Random): object {
  const {entity, entityId, deviceId, now, cursors, updates} = facts;
  const changes = Array.from({length: 1 + random.integer(3)}, () => {
    const clientUpdatedAt = new Date(now - random.integer(1e6)).toISOString();
    const common = {op: 'upsert', entity, entityId, clientUpdatedAt};
    if (random.chance(0.1)) return {...common, op: 'delete'};
    if (updates.length > 0 && random.chance(0.2))
      return {...common, encoding: 'yjs', generation: 0, payload: random.pick(updates)};
    const base = random.chance(0.3) ? {base: random.pick(cursors)} : {};
    const payload = honestFields(entity as WrittenEntity, random);
    return {...common, ...base, payload: random.chance(0.05) ? {...payload, deletedAt: null} : payload};
  });
  return {deviceId, deviceTime: new Date(now).toISOString(), changes};
}

/** The value or a variation of it as JSON, with every tenth text spelled oddly. */
export function spell(value: unknown, random: Random): string {
  const text = JSON.stringify(
    random.chance(0.25) ? value : vary(value, random, {leaves: bodyLeaves, rarity: 14}),
  );
  return random.chance(0.1) ? oddly(text, random) : text;
}

function oddly(text: string, random: Random): string {
  switch (random.integer(7)) {
    case 0:
      return `\ufeff${text}`;
    case 1:
      return text.replace(/\d+/, random.pick(['1e400', '-1e400', '0x10', '01', '1e-400', '9'.repeat(60)]));
    case 2: // a member twice
      return text.replace(/"(\w+)":/, '"$1":null,"$1":');
    case 3:
      return text.replace(/"(\w)/, (_, first: string) => `"\\u00${first.charCodeAt(0).toString(16)}`);
    case 4:
      return text.replace('{', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}},');
    case 5:
      return text.slice(0, random.integer(text.length + 1));
    default:
      return `${'['.repeat(3_000)}${text}${']'.repeat(3_000)}`;
  }
}
