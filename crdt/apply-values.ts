// What is left of a Yjs update whose document is gone meets a record: values by key, held against what is there as
// writes that had seen none of it. All or nothing, like a JSON change.
import {applyEdits} from './apply-json.ts';
import {readKeyValue} from './apply-restore.ts';
import {authorizeWrite} from './authorize.ts';
import {
  untouched,
  type ChangeContext,
  type ChangeError,
  type ChangeOutcome,
  type ValuesChange,
} from './change.ts';
import {parseFieldValue} from './entities/fields.ts';
import type {Edit} from './json-reading.ts';
import type {JsonValue} from './json.ts';
import {beginMerge, type Merge} from './merge.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {DELETED_AT, type RecordState} from './record.ts';
import {entryOf} from './roots.ts';

type ReadEdit = {readonly ok: true; readonly edit: Edit} | {readonly ok: false; readonly error: ChangeError};

/** The record exists: nothing is kept of an update that would have made one. */
export function applyValues(
  record: RecordState,
  change: ValuesChange,
  context: ChangeContext,
): ChangeOutcome {
  if (record.created === null)
    return untouched('rejected', {code: 'not_found', message: 'There is no such record.'});
  const merge = beginMerge(record, context);
  const edits: Edit[] = [];
  const read = [
    ...change.values.map((write) => readValue(merge, write)),
    ...change.texts.map((added) => readText(merge, added)),
  ];
  for (const one of read) {
    if (!one.ok) return untouched('rejected', one.error);
    edits.push(one.edit);
  }
  const by = {changeId: change.changeId, at: context.now, base: {kind: 'cursor', seq: 0}} as const;
  return applyEdits(merge, by, edits);
}

const refused = (field: string, code: ErrorCode, message: string): ReadEdit => ({
  ok: false,
  error: {code, message: `${field}: ${message}`, fields: {[field]: message}},
});

function refusalOf({record, context, before}: Merge, field: string, value: JsonValue): ReadEdit | null {
  const write = {field, value, before, creating: false};
  const code = authorizeWrite(context.actor, record.entity, write);
  return code === null ? null : refused(field, code, 'may not be written by this role');
}

function readValue(merge: Merge, {key, at, value, over}: ValuesChange['values'][number]): ReadEdit {
  if (key === DELETED_AT) {
    const deleted = value !== null;
    return (
      refusalOf(merge, key, deleted ? 'deleted' : null) ?? {ok: true, edit: {kind: 'delete', deleted, at}}
    );
  }
  const {entity} = merge.record;
  const {field} = entryOf(entity, key);
  const read = readKeyValue(entity, key, value);
  if (!read.ok) return read;
  return (
    refusalOf(merge, field, read.value) ?? {
      ok: true,
      edit: {kind: 'key', key, field, value: read.value, at, over},
    }
  );
}

/** On a line of its own at the end: where it stood is not known any more. */
function readText(merge: Merge, {field, text}: ValuesChange['texts'][number]): ReadEdit {
  const before = merge.record.doc.getText(`text:${field}`).toJSON();
  const insert = before === '' || before.endsWith('\n') ? text : `\n${text}`;
  const parsed = parseFieldValue({kind: 'text', sensitive: false, description: ''}, before + insert);
  if (!parsed.ok) return refused(field, 'invalid_value', parsed.message);
  const edit = {kind: 'text', field, index: before.length, remove: 0, insert} as const;
  return refusalOf(merge, field, null) ?? {ok: true, edit};
}
