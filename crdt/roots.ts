// The roots of a record's document: which there are for an entity, and which key of the merge an entry of
// one belongs to.
import * as Y from 'yjs';
import type {Entity, Field} from './entities/entity.ts';

export type RootKind = 'fields' | 'set' | 'items' | 'text';

export interface RootSpec {
  readonly name: string;
  readonly kind: RootKind;
  /** The field a root belongs to; empty for `fields`, whose keys are fields. */
  readonly field: string;
}

const specsByEntity = new WeakMap<Entity, ReadonlyMap<string, RootSpec>>();

/** The roots an entity's document may have, by name. */
export function rootsOf(entity: Entity): ReadonlyMap<string, RootSpec> {
  let specs = specsByEntity.get(entity);
  if (specs === undefined) {
    const list: RootSpec[] = [{name: 'fields', kind: 'fields', field: ''}];
    for (const [name, field] of Object.entries(entity.fields)) {
      if (hasRoot(field)) list.push({name: `${field.kind}:${name}`, kind: field.kind, field: name});
    }
    specs = new Map(list.map((spec) => [spec.name, spec]));
    specsByEntity.set(entity, specs);
  }
  return specs;
}

const hasRoot = (field: Field): field is Field & {kind: 'set' | 'items' | 'text'} =>
  field.kind === 'set' || field.kind === 'items' || field.kind === 'text';

/** The key a map entry has in the merge: the field, or field and member. */
export const keyOf = (root: RootSpec, entry: string): string =>
  root.kind === 'fields' ? entry : `${root.field}/${entry}`;

/** The root and the entry a key of the merge stands for. */
export function entryOf(entity: Entity, key: string): {root: string; entry: string; field: string} {
  const slash = key.indexOf('/');
  if (slash < 0) return {root: 'fields', entry: key, field: key};
  const field = key.slice(0, slash);
  return {root: `${entity.fields[field]?.kind ?? 'set'}:${field}`, entry: key.slice(slash + 1), field};
}

/** A document with every root declared, so that none is created later by somebody's bytes. */
export function newDocument(entity: Entity, clientId: number): Y.Doc {
  const doc = new Y.Doc({guid: ''});
  doc.clientID = clientId;
  for (const spec of rootsOf(entity).values()) {
    if (spec.kind === 'text') doc.getText(spec.name);
    else doc.getMap(spec.name);
  }
  return doc;
}

/** The root that an integrated item belongs to; null for anything that no record holds. */
export function rootOfItem(entity: Entity, doc: Y.Doc, item: Y.Item): RootSpec | null {
  for (const spec of rootsOf(entity).values()) {
    if (doc.share.get(spec.name) === item.parent) return spec;
  }
  return null;
}
