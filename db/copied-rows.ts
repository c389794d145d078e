// Rows of bytes as Postgres holds them, by COPY in its binary format. The driver asks for everything as text, in which
// bytes travel as twice as many hexadecimal digits, are read as a string, and are made bytes again. For the reads that
// carry whole records, a page of the feed above all.
import pg from 'pg';

/** Where reading of one row stands. Columns are read in their order, each once. */
export interface RowReader {
  readonly row: Buffer;
  at: number;
}

/** The binary format begins with this, eleven bytes, then flags and the length of what may come before the first row. */
const PREAMBLE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const EXTENSION_LENGTH_AT = PREAMBLE.length + 4;
const COUNT_BYTES = 2;

/** Postgres sends each row as one message, the preamble with the first, and a mark after the last. */
class CopyOut extends pg.Query {
  readonly messages: Buffer[] = [];

  /** The driver uses its memory again: what is kept must be a copy. */
  handleCopyData({chunk}: {chunk: Buffer}): void {
    this.messages.push(Buffer.from(chunk));
  }
}

/** A SELECT and what its `$1` to `$9` stand for. */
export interface CopiedQuery {
  readonly text: string;
  readonly values: readonly Value[];
}

type Value = string | number | readonly string[];

/** What `read` makes of each row, in order. It reads the columns in theirs. */
export async function copyRows<Row>(
  client: pg.ClientBase,
  query: CopiedQuery,
  read: (reader: RowReader) => Row,
): Promise<Row[]> {
  const messages = await receive(client, `COPY (${withValues(query)}) TO STDOUT (FORMAT binary)`);
  const rows: Row[] = [];
  for (const [index, row] of messages.entries()) {
    const at = index === 0 ? endOfPreamble(row) : 0;
    if (row.readInt16BE(at) < 0) break;
    rows.push(read({row, at: at + COUNT_BYTES}));
  }
  return rows;
}

/** COPY takes no parameters. */
const withValues = ({text, values}: CopiedQuery): string =>
  text.replace(/\$(\d)/g, (_, place: string) => literal(values[Number(place) - 1]));

function literal(value: Value | undefined): string {
  if (typeof value === 'string') return pg.escapeLiteral(value);
  if (typeof value !== 'number' && value !== undefined)
    return `ARRAY[${value.map((text) => pg.escapeLiteral(text)).join(', ')}]`;
  if (!Number.isSafeInteger(value)) throw new RangeError('A query was given no integer.');
  return String(value);
}

function receive(client: pg.ClientBase, text: string): Promise<readonly Buffer[]> {
  const copy = new CopyOut({text});
  return new Promise((resolve, reject) => {
    const callback = (error: Error | null): void => (error === null ? resolve(copy.messages) : reject(error));
    client.query(Object.assign(copy, {callback}));
  });
}

function endOfPreamble(first: Buffer): number {
  if (!first.subarray(0, PREAMBLE.length).equals(PREAMBLE))
    throw new Error('COPY answered in another format');
  return EXTENSION_LENGTH_AT + 4 + first.readInt32BE(EXTENSION_LENGTH_AT);
}

/** The length of the next column; reading goes on behind it. */
function takeLength(reader: RowReader): number {
  const length = reader.row.readInt32BE(reader.at);
  reader.at += 4;
  return length;
}

/** Where the next column's bytes begin. Its type is known, so it must be as long as that is. */
function take(reader: RowReader, length: number): number {
  const {at} = reader;
  if (takeLength(reader) !== length) throw new Error('A copied column is null or of another type.');
  reader.at += length;
  return at + 4;
}

/** bytea, or null. Part of the row's own memory. */
export function readBytes(reader: RowReader): Buffer | null {
  const length = takeLength(reader);
  if (length < 0) return null;
  reader.at += length;
  return reader.row.subarray(reader.at - length, reader.at);
}

export function readText(reader: RowReader): string {
  const length = takeLength(reader);
  if (length < 0) throw new Error('A copied column is null.');
  reader.at += length;
  return reader.row.toString('utf8', reader.at - length, reader.at);
}

export function readUuid(reader: RowReader): string {
  const at = take(reader, 16);
  const hex = reader.row.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const readBoolean = (reader: RowReader): boolean => reader.row[take(reader, 1)] === 1;

export const readInteger = (reader: RowReader): number => reader.row.readInt32BE(take(reader, 4));

/** bigint. Throws past 2^53. */
export function readBigint(reader: RowReader): number {
  const at = take(reader, 8);
  const value = reader.row.readInt32BE(at) * 2 ** 32 + reader.row.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) throw new RangeError('A bigint of the database is past 2^53');
  return value;
}

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** timestamptz, in milliseconds. */
export const readInstant = (reader: RowReader): Date =>
  new Date(POSTGRES_EPOCH_MS + Math.floor(readBigint(reader) / 1_000));
