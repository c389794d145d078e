// Prints tasks, edits and conflicts. Every value comes in from a device or the server.
import type {Person} from './people.ts';
import type {Task} from './task.ts';
import {bold, clock, cyan, dim, entry, green, pad, print, red, wrap, type Paint} from './terminal.ts';

const NOTES_WIDTH = 74;

const box = (done: boolean | undefined): string => (done === true ? green('[x]') : '[ ]');

export function printTask(task: Task): void {
  entry(dim('title'), [bold(task.title)]);
  entry(dim('status'), [task.status]);
  entry(dim('priority'), [task.priority]);
  entry(
    dim('checklist'),
    task.checklist.map(({title, done}) => `${box(done)} ${title}`),
  );
  entry(dim('notes'), wrap(task.notes, NOTES_WIDTH));
}

export interface Edit {
  readonly field: string;
  readonly says: string;
  /** ms since epoch. Absent for a text: it merges without asking when. */
  readonly at?: number;
}

export function printEdits(edits: readonly {who: Person; kind: string; made: readonly Edit[]}[]): void {
  for (const [index, {who, kind, made}] of edits.entries()) {
    if (index > 0) print();
    print(`     ${who.paint('●')} ${bold(who.paint(`${who.name}'s ${who.holds}`))}  ${dim(kind)}`);
    for (const {field, says, at} of made)
      print(`       ${dim(pad(at === undefined ? '' : clock(at), 5))}  ${pad(dim(field), 12)}${says}`);
  }
}

export function printArrival({name, holds, paint}: Person, says: string): void {
  print(`     ${paint('●')} ${pad(`${name}'s ${holds}`, 23)}${says}`);
}

export interface Replica {
  readonly name: string;
  readonly paint: Paint;
  readonly task: Omit<Task, 'notes'> & {readonly notes?: string};
}

const COLUMN = 16;
const LABEL = 24;

/** One line per field, one column per replica. */
export function printSideBySide(replicas: readonly Replica[]): void {
  const line = (label: string, cell: (task: Replica['task']) => string): void =>
    print(`     ${pad(dim(label), LABEL)}${replicas.map(({task}) => pad(cell(task), COLUMN)).join('')}`);
  print(
    `     ${' '.repeat(LABEL)}${replicas.map(({name, paint}) => pad(bold(paint(name)), COLUMN)).join('')}`,
  );
  line('status', ({status}) => status);
  line('priority', ({priority}) => priority);
  const items = new Map(replicas.flatMap(({task}) => task.checklist.map(({id, title}) => [id, title])));
  for (const [id, title] of items)
    line(title, ({checklist}) => {
      const item = checklist.find((one) => one.id === id);
      return item === undefined ? dim('missing') : box(item.done);
    });
  line('notes', ({notes}) => (notes === undefined ? dim('sealed') : `${notes.length} letters`));
}

export interface Side {
  readonly value: unknown;
  readonly userId: string;
  readonly deviceId: string | null;
  /** ISO 8601. */
  readonly at: string;
}

export interface Conflict {
  readonly id: string;
  readonly summary: string;
  readonly status: string;
  readonly entityId: string;
  readonly fields: readonly {
    readonly field: string;
    readonly base?: unknown;
    readonly winner: Side;
    readonly loser: Side;
  }[];
  readonly note?: string;
  readonly resolvedBy?: string;
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export function printConflict(conflict: Conflict, people: readonly Person[]): void {
  const author = ({userId, deviceId}: Side): string => {
    const person = people.find((one) => one.userId === userId && one.device === deviceId);
    return person === undefined ? 'somebody else' : person.paint(`${person.name}'s ${person.holds}`);
  };
  const line = (word: string, side: Side): string =>
    `${word}  ${pad(bold(asText(side.value)), 14)}${pad(author(side), 22)}written at ${clock(Date.parse(side.at))}`;
  for (const {field, base, winner, loser} of conflict.fields) {
    const seen = base === undefined ? 'not known' : asText(base);
    entry(bold(field), [
      line(green('won '), winner),
      line(red('lost'), loser),
      dim(`both had seen: ${seen}`),
    ]);
  }
  entry(dim('summary'), [conflict.summary]);
  printState(conflict, people);
}

export function printState({status, resolvedBy, note}: Conflict, people: readonly Person[]): void {
  const resolver = people.find(({userId}) => userId === resolvedBy);
  const by = resolver === undefined ? '' : ` by ${resolver.paint(resolver.name)}`;
  entry(dim('state'), [cyan(status) + by + (note === undefined ? '' : dim(`: "${note}"`))]);
}
