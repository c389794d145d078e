// Fingerprints of findable fields: written beside the sealed value, and compared with when a list is asked for one.
// The lane writes them, lists ask by them, verification proves them.
import type {Entity} from '#crdt/entities/entity.ts';
import {foundForm, isFindable} from '#crdt/entities/fields.ts';
import {listFilters} from '#crdt/entities/list-filters.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {FilterValue, RecordListQuery} from '#crdt/protocol/record-list.ts';
import type {TenantCipher} from '#db/cipher.ts';

/** `value` is in the field's normal form. Undefined: the field is not findable. Null: it has no value. */
export function fingerprintOf(
  cipher: TenantCipher,
  {entity, field: name, value}: {entity: Entity; field: string; value: JsonValue},
): Uint8Array | null | undefined {
  const field = entity.fields[name];
  if (field === undefined || !isFindable(field)) return undefined;
  if (typeof value !== 'string' || value === '') return null;
  return cipher.fingerprint({table: entity.name, column: name}, foundForm(field.findable, value));
}

/** The query with fingerprints, in hexadecimal, in place of the values looked for: no statement or cursor sees those. */
export function hideValues(cipher: TenantCipher, entity: Entity, query: RecordListQuery): RecordListQuery {
  const filters = new Map<string, FilterValue>(query.filters);
  for (const {kind, param} of listFilters(entity)) {
    const value = filters.get(param);
    if (kind !== 'equal' || typeof value !== 'string') continue;
    const hash = fingerprintOf(cipher, {entity, field: param, value});
    filters.set(param, Buffer.from(hash ?? []).toString('hex'));
  }
  return {...query, filters};
}
