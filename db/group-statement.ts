// One statement put together from parts. Its text is made once per shape (which parts it has), its values every
// time: a busy lane sends the same few shapes over and over.
import {createBlob, type Blob} from './blob.ts';
import {
  jsonOfRows,
  manyRowsSql,
  oneRowSql,
  parameterOf,
  type SourceColumns,
  type SourceRow,
} from './row-source.ts';

export interface GroupStatement {
  readonly values: unknown[];
  /** Byte strings of all parts, sent as one parameter; `$blob` in a text stands for it. */
  readonly blob: Blob;
  /** Adds a parameter and answers how a text names it. */
  add(value: unknown): `$${number}`;
  /** Adds rows, and answers how the text of the next part reads them: a source named `r`. */
  addRows(columns: SourceColumns, rows: readonly SourceRow[]): () => string;
  /** name: says which text it is, so two parts of one name must differ in their parameters only. */
  part(name: string, text: () => string): void;
  /** The finished text, and the name it is kept prepared under; none past SHAPES_MAX. */
  finish(end: string): {readonly text: string; readonly name: string | undefined};
}

// Every connection keeps what it prepared. The shapes that come first are the common ones.
const SHAPES_MAX = 128;

const shapes = new Map<string, {readonly text: string; readonly name: string}>();

/**
 * isOfOne: a single row of a part is written as plain parameters. For a group of one change only: told for each part
 * apart, every mix of one and many would be a shape of its own.
 */
export function createGroupStatement(values: unknown[], {isOfOne}: {isOfOne: boolean}): GroupStatement {
  const blob = createBlob();
  const shape: string[] = [];
  const parts: (() => string)[] = [];
  const add = (value: unknown): `$${number}` => `$${values.push(value)}`;
  return {
    values,
    blob,
    add,
    addRows(columns, rows) {
      const [only] = rows;
      if (!isOfOne || only === undefined || rows.length > 1) {
        const parameter = add(jsonOfRows(columns, rows));
        return () => manyRowsSql(columns, parameter);
      }
      shape.push('one');
      const first = values.length + 1;
      for (const [index, type] of columns.types.entries())
        values.push(parameterOf(only[index] ?? null, type));
      return () => oneRowSql(columns, first);
    },
    part(name, text) {
      shape.push(name);
      parts.push(text);
    },
    finish(end) {
      const bytes = add(blob.toBuffer());
      const key = shape.join(' ');
      const known = shapes.get(key);
      if (known !== undefined) return known;
      const made = `WITH ${parts.map((part) => part()).join(',\n')}\n${end}`;
      // A group without byte strings names the parameter all the same: Postgres wants the type of each.
      const text = (made.includes('$blob') ? made : `${made} WHERE $blob::bytea IS NOT NULL`).replaceAll(
        '$blob',
        () => bytes,
      );
      if (shapes.size >= SHAPES_MAX) return {text, name: undefined};
      const kept = {text, name: `group_${shapes.size}`};
      shapes.set(key, kept);
      return kept;
    },
  };
}

/** The bytes of the shared blob that a row names by `<name>_from` and `<name>_length`. */
export const cut = (name: string): string =>
  `substring($blob::bytea from r.${name}_from for r.${name}_length)`;
