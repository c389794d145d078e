// Reads a JSON change into edits of single keys, all or nothing: what the payload means, given what the device
// had seen. Lists and texts have files of their own.
import {authorizeCreate, authorizeWrite} from './authorize.ts';
import type {Actor, ChangeError, JsonChange} from './change.ts';
import {requiredFields} from './entities/fields.ts';
import type {Field} from './entities/entity.ts';
import {readItems, readSet} from './json-lists.ts';
import {fault, parseOne, type Edit, type Reading} from './json-reading.ts';
import {readText} from './json-text.ts';
import {isStorableJson, type JsonObject, type JsonValue} from './json.ts';
import {VALUE_DEPTH_MAX, VALUE_NODES_MAX} from './protocol/limits.ts';
import {DELETED_AT, type RecordState} from './record.ts';

export type EditsResult =
  {readonly ok: true; readonly edits: readonly Edit[]} | {readonly ok: false; readonly error: ChangeError};

/** Nothing is changed by reading. before: the record's fields as they were. */
export function readEdits(
  record: RecordState,
  change: JsonChange,
  {actor, before}: {actor: Actor; before: () => JsonObject},
): EditsResult {
  const reading: Reading = {record, change, actor, before, edits: [], faults: []};
  if (!record.entity.writable)
    return failed({field: '', code: 'read_only_entity', message: 'Only the server writes this entity.'});
  if (change.op === 'delete') {
    if (record.created === null)
      return failed({field: '', code: 'not_found', message: 'There is no such record to delete.'});
    readDeleted(reading, true);
  } else {
    for (const [name, value] of Object.entries(change.payload)) readField(reading, name, value);
    if (record.created === null) checkCreation(reading);
  }
  return reading.faults.length === 0 ? {ok: true, edits: reading.edits} : failed(...reading.faults);
}

function failed(...faults: Reading['faults']): EditsResult {
  const [first] = faults;
  const fields = Object.fromEntries(
    faults.filter(({field}) => field !== '').map(({field, message}) => [field, message]),
  );
  return {
    ok: false,
    error: {
      code: first?.code ?? 'bad_request',
      message:
        first === undefined || first.field === ''
          ? (first?.message ?? '')
          : `${first.field}: ${first.message}`,
      ...(Object.keys(fields).length === 0 ? {} : {fields}),
      ...(first?.current === undefined ? {} : {current: first.current}),
    },
  };
}

const commonFields: ReadonlySet<string> = new Set([
  'createdAt',
  'createdBy',
  'updatedAt',
  'updatedBy',
  'seq',
]);

function readField(reading: Reading, name: string, value: unknown): void {
  const {record} = reading;
  if (name === 'id' && value === record.id) return;
  if (name === DELETED_AT) {
    if (value === null || typeof value === 'string') readDeleted(reading, value !== null);
    else fault(reading, name, 'invalid_value', 'must be null, or an instant');
    return;
  }
  if (name === 'id' || commonFields.has(name)) {
    fault(reading, name, 'read_only_field', 'is written by the server');
    return;
  }
  const field = Object.hasOwn(record.entity.fields, name) ? record.entity.fields[name] : undefined;
  if (field === undefined) {
    fault(reading, name, 'unknown_field', `is no field of ${record.entity.name}`);
  } else if (field.kind === 'server' || field.kind === 'derived') {
    fault(reading, name, 'read_only_field', 'is written by the server');
  } else if (!isStorable(value)) {
    fault(
      reading,
      name,
      'invalid_value',
      'must be plain JSON of moderate size, without NUL or broken Unicode',
    );
  } else if (mayWrite(reading, name, value)) {
    readDeclared(reading, name, {field, value});
  }
}

function readDeleted(reading: Reading, deleted: boolean): void {
  if (mayWrite(reading, DELETED_AT, deleted ? 'deleted' : null))
    reading.edits.push({kind: 'delete', deleted});
}

// A whole set or list of items may hold many values of the size allowed to one.
const isStorable = (value: unknown): value is JsonValue =>
  isStorableJson(value, {depth: VALUE_DEPTH_MAX + 1, nodes: VALUE_NODES_MAX * 20});

function mayWrite(reading: Reading, field: string, value: JsonValue): boolean {
  const {record, actor, before} = reading;
  const code = authorizeWrite(actor, record.entity, {
    field,
    value,
    before,
    creating: record.created === null,
  });
  if (code === 'out_of_scope') fault(reading, field, code, "names a record outside this member's scope");
  else if (code !== null) fault(reading, field, code, 'may not be written by this role');
  return code === null;
}

function readDeclared(reading: Reading, name: string, given: {field: Field; value: JsonValue}): void {
  const {field, value} = given;
  switch (field.kind) {
    case 'register':
      if (value === null) {
        if (field.required) fault(reading, name, 'required_field', 'may not be cleared');
        else reading.edits.push({kind: 'key', key: name, field: name, value: null});
      } else {
        const parsed = parseOne(reading, name, {field, value});
        if (parsed !== undefined) reading.edits.push({kind: 'key', key: name, field: name, value: parsed});
      }
      break;
    case 'set':
      readSet(reading, name, {field, value});
      break;
    case 'items':
      readItems(reading, name, {field, value});
      break;
    case 'text':
      readText(reading, name, value);
      break;
    case 'server':
    case 'derived':
      break;
  }
}

function checkCreation(reading: Reading): void {
  const {record, actor, edits} = reading;
  const given = Object.fromEntries(
    edits.flatMap((edit) => (edit.kind === 'key' && edit.key === edit.field ? [[edit.key, edit.value]] : [])),
  );
  for (const name of requiredFields(record.entity)) {
    const missing = (given[name] ?? null) === null && !reading.faults.some(({field}) => field === name);
    if (missing) fault(reading, name, 'required_field', 'is required');
  }
  const code = authorizeCreate(actor, record.entity, given);
  if (code !== null && reading.faults.length === 0)
    fault(reading, '', code, `This member may not create this ${record.entity.singular}.`);
}
