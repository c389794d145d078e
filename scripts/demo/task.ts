// The task of the demo as a device sees it, read from JSON or from a plain Yjs document.
import type * as Y from 'yjs';

export interface ChecklistItem {
  readonly id: string;
  readonly title: string;
  readonly done?: boolean;
  readonly position: string;
}

export interface Task {
  readonly title: string;
  readonly status: string;
  readonly priority: string;
  readonly checklist: readonly ChecklistItem[];
  readonly notes: string;
}

/** Null where a field is absent. */
export function taskOfJson(payload: unknown): Task {
  const {title, status, priority, checklist, notes} = payload as Task;
  return {title, status, priority, checklist, notes};
}

type Entry = readonly [at: number, value: unknown];

/** Registers are `[at, value]` in the map `fields`; items have a map of their own; notes are a shared text. */
export function taskOfDocument(doc: Y.Doc): Task {
  const fields = doc.getMap<Entry>('fields');
  const field = (name: string): string => {
    const value = fields.get(name)?.[1];
    return typeof value === 'string' ? value : '';
  };
  const checklist = [...doc.getMap<Entry>('items:checklist').entries()]
    .filter(([, [, value]]) => value !== null)
    .map(([id, [, value]]) => ({id, ...(value as Omit<ChecklistItem, 'id'>)}))
    .sort((a, b) => (a.position < b.position ? -1 : 1));
  return {
    title: field('title'),
    status: field('status'),
    priority: field('priority'),
    checklist,
    notes: doc.getText('text:notes').toJSON(),
  };
}
