// Reads one pushed change: from JSON that nobody has looked at to what the lane takes. Pure; push.ts supplies
// what has to be looked up. Whatever is wrong here concerns this change alone.
import {canonicalJson, isStorableJson, type JsonValue} from '#crdt/json.ts';
import {findEntity} from '#crdt/entities/registry.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {changeId as changeIdSchema, type ChangeId} from '#crdt/protocol/ids.ts';
import {VALUE_DEPTH_MAX, VALUE_NODES_MAX} from '#crdt/protocol/limits.ts';
import {pushChange, type PushChange, type PushError} from '#crdt/protocol/push.ts';
import {parseUpdate, type ParsedUpdate} from '#crdt/update-reader.ts';
import {derivedUuid} from './devices.ts';
import {faultsByField, firstFault} from './schema-faults.ts';

interface Named {
  readonly entity: EntityName;
  readonly id: string;
  readonly changeId: ChangeId;
  /** The device's clock at the edit, ms. */
  readonly at: number;
}

export interface JsonPush extends Named {
  readonly kind: 'json';
  readonly op: 'upsert' | 'delete';
  readonly base: PushChange['base'];
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface YjsPush extends Named {
  readonly kind: 'yjs';
  readonly generation: number;
  readonly update: ParsedUpdate;
}

export type ReadChange =
  | {readonly ok: true; readonly change: JsonPush | YjsPush}
  | {readonly ok: false; readonly entityId: string | null; readonly error: PushError};

/** deviceId: of the sender; part of the name that a change without one gets. */
export function readPushChange(raw: unknown, deviceId: string): ReadChange {
  const entityId = isObject(raw) && typeof raw['entityId'] === 'string' ? raw['entityId'] : null;
  const refuse = (error: PushError): ReadChange => ({ok: false, entityId, error});
  const read = pushChange.safeParse(raw);
  if (!read.success) {
    const fields = faultsByField(read.error);
    return refuse({code: 'bad_request', message: firstFault(fields), fields});
  }
  const given = read.data;
  const entity = findEntity(given.entity)?.name;
  if (entity === undefined) {
    return refuse({
      code: 'unknown_entity',
      message: 'There is no such entity.',
      fields: {entity: 'is not known here'},
    });
  }
  // As it came: a schema would drop members named like an object's own, and nobody would be told.
  const payload = isObject(raw) ? raw['payload'] : undefined;
  const body =
    given.encoding === 'yjs' && given.op !== 'delete' ? readYjs(payload) : readJson(given, payload);
  if (!body.ok) return refuse(body.error);
  const named = {
    entity,
    id: given.entityId,
    at: given.clientUpdatedAt,
    changeId: given.changeId ?? nameOf(given, {deviceId, payload: body.payload}),
  };
  if (body.kind === 'yjs')
    return {ok: true, change: {...named, kind: 'yjs', generation: given.generation, update: body.update}};
  const op = given.op === 'delete' ? 'delete' : 'upsert';
  return {ok: true, change: {...named, kind: 'json', op, base: given.base, payload: body.payload}};
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

type Body =
  | {readonly ok: true; readonly kind: 'json'; readonly payload: Readonly<Record<string, JsonValue>>}
  | {readonly ok: true; readonly kind: 'yjs'; readonly payload: string; readonly update: ParsedUpdate}
  | {readonly ok: false; readonly error: PushError};

const badPayload = (message: string): Body => ({
  ok: false,
  error: {code: 'bad_request', message: `payload: ${message}`, fields: {payload: message}},
});

function readJson(given: PushChange, payload: unknown): Body {
  if (given.op === 'delete') return {ok: true, kind: 'json', payload: {}};
  if (!isObject(payload)) return badPayload('must be an object of fields');
  const unstorable = Object.keys(payload).filter((name) => !isStorable(payload[name]));
  const [first] = unstorable;
  if (first === undefined) return {ok: true, kind: 'json', payload: payload as Record<string, JsonValue>};
  const message = 'must be plain JSON of moderate size, without NUL or broken Unicode';
  const fields = Object.fromEntries(unstorable.map((name) => [name, message]));
  return {ok: false, error: {code: 'invalid_value', message: `${first}: ${message}`, fields}};
}

/** Moderate enough to be looked at in full; the field's own schema is stricter. */
const isStorable = (value: unknown): value is JsonValue =>
  isStorableJson(value, {depth: VALUE_DEPTH_MAX + 1, nodes: VALUE_NODES_MAX * 20});

function readYjs(payload: unknown): Body {
  const bytes = typeof payload === 'string' ? decodeBase64(payload) : null;
  if (typeof payload !== 'string' || bytes === null) return badPayload('must be a Yjs V1 update in base64');
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) return {ok: false, error: {code: parsed.code, message: parsed.message}};
  return {ok: true, kind: 'yjs', payload, update: parsed.update};
}

/** Null for anything but the one spelling of RFC 4648 section 4, with its padding. */
function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** The same change has the same name, so that a device that gives none may still repeat itself. */
function nameOf(given: PushChange, {deviceId, payload}: {deviceId: string; payload: JsonValue}): ChangeId {
  const op = given.op === 'delete' ? 'delete' : 'upsert';
  return changeIdSchema.parse(
    derivedUuid(
      'change',
      deviceId,
      given.entity,
      given.entityId,
      op,
      String(given.clientUpdatedAt),
      canonicalJson(given.base ?? null),
      canonicalJson(payload),
    ),
  );
}
