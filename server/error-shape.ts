// What of an error may be logged. Messages of database, parser and library errors hold field values, query
// text or tokens, so a message is logged only where its author is known to keep data out of it.
// Called by server/logger.ts.
import {SyncError} from '#crdt/protocol/error-code.ts';

const CAUSES_MAX = 3;
const FRAMES_MAX = 12;
const MESSAGE_LENGTH_MAX = 300;

/** An error as keys of a log line. */
export interface ErrorShape {
  readonly name: string;
  /** Our own code, an errno or a SQLSTATE. */
  readonly code?: string;
  readonly message?: string;
  /** Constraint, table and column of a database error: names of our schema, not data. */
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly stack?: readonly string[];
  readonly cause?: ErrorShape;
}

const identifierPattern = /^[\w.:$-]{1,80}$/;
const framePattern = /^\s+at .{1,300}(?::\d+:\d+|<anonymous>|native)\)?$/;

/**
 * Messages of the engine that name only what the code names. Others quote values: "Cannot use 'in' operator
 * to search for 'a' in <value>", and every SyntaxError of JSON.parse.
 */
const enginePattern =
  /^(?:Cannot read properties of (?:undefined|null)(?: \(reading '[A-Za-z_$][\w$]{0,40}'\))?|[\w.$]{1,80} is not (?:a function|iterable|defined)|Maximum call stack size exceeded)$/;

const readIdentifier = (error: Error, member: string): string | undefined => {
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' && identifierPattern.test(value) ? value : undefined;
};

/** Errors of pg carry `severity`; those of drizzle carry the query and its parameters, in the message too. */
const isDatabaseError = (error: Error): boolean =>
  ['severity', 'query', 'params', 'detail', 'parameters'].some((member) => member in error);

function hasDatabaseCause(error: Error): boolean {
  let current: unknown = error;
  for (let depth = 0; depth <= CAUSES_MAX && current instanceof Error; depth += 1) {
    if (isDatabaseError(current)) return true;
    current = current.cause;
  }
  return false;
}

function isMessageSafe(error: Error): boolean {
  if (error instanceof SyncError) return true;
  if (hasDatabaseCause(error)) return false;
  const isSystemError = 'syscall' in error && 'errno' in error;
  return isSystemError || error.constructor === Error || enginePattern.test(error.message);
}

/** Frames only: the lines before them repeat the message. */
function listFrames(error: Error): string[] {
  const stack = error.stack ?? '';
  const messageAt = error.message === '' ? -1 : stack.indexOf(error.message);
  const rest = messageAt < 0 ? stack : stack.slice(messageAt + error.message.length);
  const lines = rest.split('\n').filter((line) => framePattern.test(line));
  return lines.slice(0, FRAMES_MAX).map((line) => line.trim());
}

/** The loggable part of anything thrown. `depth`: how many errors this one is the cause of. */
export function shapeError(error: unknown, depth = 0): ErrorShape {
  if (!(error instanceof Error)) return {name: `thrown ${error === null ? 'null' : typeof error}`};
  const code = readIdentifier(error, 'code');
  const constraint = readIdentifier(error, 'constraint');
  const table = readIdentifier(error, 'table');
  const column = readIdentifier(error, 'column');
  const hasCause = error.cause !== undefined && depth < CAUSES_MAX;
  return {
    name: readIdentifier(error, 'name') ?? 'Error',
    ...(code !== undefined && {code}),
    ...(isMessageSafe(error) && {message: error.message.slice(0, MESSAGE_LENGTH_MAX)}),
    ...(constraint !== undefined && {constraint}),
    ...(table !== undefined && {table}),
    ...(column !== undefined && {column}),
    stack: listFrames(error),
    ...(hasCause && {cause: shapeError(error.cause, depth + 1)}),
  };
}
