// Rows that a statement reads, as Postgres is given them: many as one JSON parameter, a single one as a parameter per
// column. JSON costs Postgres a parser, a tuple store and a scan however few rows it has, which one edit alone pays whole;
// for many it is the cheapest, and one text serves any number.
import type {JsonValue} from '#crdt/json.ts';

/** Columns of a row source, by their definitions, comma separated: `id uuid, place int`. */
export interface SourceColumns {
  readonly definitions: string;
  readonly names: readonly string[];
  readonly types: readonly string[];
  /** Of each, what goes before its value in an object's JSON text. */
  readonly heads: readonly string[];
}

/** In the order of the columns. */
export type SourceRow = readonly JsonValue[];

export function sourceColumns(definitions: string): SourceColumns {
  const pairs = definitions.split(',').map((definition) => definition.trim().split(/\s+/));
  const names = pairs.map(([name = '']) => name);
  return {
    definitions,
    names,
    types: pairs.map(([, type = '']) => type),
    heads: names.map((name) => `${JSON.stringify(name.replaceAll('"', ''))}:`),
  };
}

/** Null is what Postgres takes an absent member for. */
export function jsonOfRows({heads}: SourceColumns, rows: readonly SourceRow[]): string {
  let text = '[';
  for (const row of rows) {
    text += text.length === 1 ? '{' : ',{';
    let isFirst = true;
    for (const [index, head] of heads.entries()) {
      const cell = row[index] ?? null;
      if (cell === null) continue;
      text += isFirst ? head : `,${head}`;
      text += JSON.stringify(cell);
      isFirst = false;
    }
    text += '}';
  }
  return `${text}]`;
}

/** As the driver takes it: what is JSON in Postgres goes as its text, whatever it is here. */
export const parameterOf = (cell: JsonValue, type: string): unknown =>
  cell !== null && (type === 'json' || type === 'jsonb') ? JSON.stringify(cell) : cell;

/** parameter: names the JSON. */
export const manyRowsSql = ({definitions}: SourceColumns, parameter: string): string =>
  `json_to_recordset(${parameter}::json) AS r (${definitions})`;

/** first: number of the first column's parameter; the others follow it. */
export const oneRowSql = ({names, types}: SourceColumns, first: number): string =>
  `(SELECT ${names.map((name, index) => `$${first + index}::${types[index]} AS ${name}`).join(', ')}) AS r`;
