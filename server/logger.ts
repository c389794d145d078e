// JSON lines on standard output: a constant sentence as message, values as keys. Only scalars pass, so that no
// record, frame or row slips in whole; errors pass through server/error-shape.ts. Made once by server/main.ts.
import {pino} from 'pino';
import {shapeError} from './error-shape.ts';

const VALUE_LENGTH_MAX = 256;
/** Keys that a line has anyway. A field of that name gets an underscore, or the line would hold it twice. */
const ownKeys: readonly string[] = ['level', 'time', 'message', 'err'];

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Ids, codes, counts and durations. Never field values, update bytes, tokens, headers or query strings. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * debug: per frame. info: start, stop, connect, migrate. warn: the peer is wrong. error: we are wrong, someone must look.
 * `message` is a constant sentence. `error` is what was thrown, if anything: its safe part is logged under `err`.
 */
export interface Logger {
  debug(message: string, fields?: LogFields, error?: unknown): void;
  info(message: string, fields?: LogFields, error?: unknown): void;
  warn(message: string, fields?: LogFields, error?: unknown): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
  /** A logger whose every line also has these fields. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Takes whole lines. Standard output unless a test says otherwise. */
  readonly destination?: {write(line: string): void};
}

/** Types can be cast away; this cannot. */
function cleanFields(fields: LogFields): Record<string, string | number | boolean> {
  const clean: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const key = ownKeys.includes(name) ? `${name}_` : name;
    if (value === undefined) continue;
    if (typeof value === 'string') clean[key] = value.slice(0, VALUE_LENGTH_MAX);
    else clean[key] = typeof value === 'number' || typeof value === 'boolean' ? value : '[omitted]';
  }
  return clean;
}

function wrap(target: pino.Logger): Logger {
  const writeAt =
    (level: Exclude<LogLevel, 'silent'>) =>
    (message: string, fields: LogFields = {}, error?: unknown) => {
      if (!target.isLevelEnabled(level)) return;
      const err = error === undefined ? undefined : shapeError(error);
      target[level]({...cleanFields(fields), ...(err && {err})}, message);
    };
  return {
    debug: writeAt('debug'),
    info: writeAt('info'),
    warn: writeAt('warn'),
    error: writeAt('error'),
    child: (fields) => wrap(target.child(cleanFields(fields))),
  };
}

/** Writes synchronously, so that the last line before an exit is not lost. */
export function createLogger({
  level,
  destination = pino.destination({fd: 1, sync: true}),
}: LoggerOptions): Logger {
  return wrap(
    pino(
      {
        level,
        base: null,
        messageKey: 'message',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: {level: (label) => ({level: label})},
        serializers: {err: (shape: unknown) => shape},
      },
      destination,
    ),
  );
}

/** For callers that need a logger and tests that read no lines. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
