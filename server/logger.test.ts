import {describe, expect, it} from 'vitest';
import pg from 'pg';
import {DrizzleQueryError} from 'drizzle-orm/errors';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {createLogger, type LogFields, type LogLevel} from './logger.ts';

const SECRET = 'canary-51ab';

function openLog(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const log = createLogger({level, destination: {write: (line) => void lines.push(line)}});
  const last = () => JSON.parse(lines.at(-1)!) as Record<string, unknown> & {err: Record<string, unknown>};
  return {log, lines, last};
}

function makeDatabaseError(): Error {
  const error = new pg.DatabaseError(`invalid input syntax: "${SECRET}"`, 90, 'error');
  return Object.assign(error, {
    severity: 'ERROR',
    code: '23505',
    detail: `Key (email)=(${SECRET}) already exists.`,
    where: SECRET,
    internalQuery: SECRET,
    constraint: 'clients_pkey',
    table: 'clients',
  });
}

describe('createLogger', () => {
  it('writes one JSON line with the message, its level, the time and the fields', () => {
    const {log, lines, last} = openLog();
    log.info('server started', {port: 8787, embedded: true, host: undefined});
    expect(lines).toHaveLength(1);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown,
      message: 'server started',
      port: 8787,
      embedded: true,
    });
  });

  it('writes nothing below its level', () => {
    const {log, lines} = openLog('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines).toHaveLength(2);
  });

  it('adds the fields of all parents', () => {
    const {log, last} = openLog();
    log.child({tenantId: 't1'}).child({deviceId: 'd1'}).warn('push rejected', {code: 'frozen'});
    expect(last()).toMatchObject({tenantId: 't1', deviceId: 'd1', code: 'frozen'});
  });

  it('drops what is no scalar, even if types were cast away', () => {
    const {log, lines, last} = openLog();
    log.info('x', {
      record: {email: SECRET},
      list: [SECRET],
      bytes: Buffer.from(SECRET),
    } as unknown as LogFields);
    expect(last()).toMatchObject({record: '[omitted]', list: '[omitted]', bytes: '[omitted]'});
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('cuts long strings', () => {
    const {log, last} = openLog();
    log.info('x', {path: 'a'.repeat(257)});
    expect(last()['path']).toBe('a'.repeat(256));
  });

  it('keeps a field from replacing the message or level', () => {
    const {log, last} = openLog();
    log.info('x', {message: 'y', level: 'z'});
    expect(last()).toMatchObject({message: 'x', level: 'info', message_: 'y', level_: 'z'});
  });

  it('keeps a line break in a value from forging a line', () => {
    const {log, lines} = openLog();
    log.info('x', {code: '\n{"level":"error"}'});
    expect(lines[0]!.trimEnd()).not.toContain('\n');
  });
});

describe('errors in logs', () => {
  it('names code, constraint and table of a database error, and nothing else of it', () => {
    const {log, lines, last} = openLog();
    log.error('flush failed', {}, makeDatabaseError());
    expect(last().err).toMatchObject({code: '23505', constraint: 'clients_pkey', table: 'clients'});
    expect(last().err['message']).toBeUndefined();
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('keeps the frames of a database error', () => {
    const {log, last} = openLog();
    log.error('flush failed', {}, makeDatabaseError());
    expect(last().err['stack']).toEqual(expect.arrayContaining([expect.stringContaining('logger.test.ts')]));
  });

  it('hides query text and parameters that drizzle puts into the message', () => {
    const {log, lines, last} = openLog();
    log.error('flush failed', {}, new DrizzleQueryError(`insert ${SECRET}`, [SECRET], makeDatabaseError()));
    expect(last().err).toMatchObject({cause: {code: '23505'}});
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('hides a message that was made from a database error', () => {
    const {log, lines} = openLog();
    const cause = makeDatabaseError();
    log.error('flush failed', {}, new Error(`could not write: ${cause.message}`, {cause}));
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('hides the input that a JSON syntax error quotes', () => {
    const {log, lines, last} = openLog();
    try {
      JSON.parse(`${SECRET}}`);
    } catch (error) {
      log.warn('bad body', {}, error);
    }
    expect(last().err['name']).toBe('SyntaxError');
    expect(lines.join('')).not.toContain('canary');
  });

  it('hides a value that a type error quotes', () => {
    const {log, lines} = openLog();
    try {
      expect('a' in (SECRET as unknown as object)).toBe(false);
    } catch (error) {
      log.error('x', {}, error);
    }
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('hides frames forged in a message', () => {
    const {log, lines} = openLog();
    log.error('x', {}, Object.assign(makeDatabaseError(), {message: `a\n    at ${SECRET} (x.ts:1:1)`}));
    const late = new RangeError(`a\n    at ${SECRET} (x.ts:1:1)`);
    log.error('x', {}, late);
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('keeps the message of our own errors, of plain ones and of the system', async () => {
    const {log, last} = openLog();
    log.warn('x', {}, new SyncError('not_ready'));
    expect(last().err).toMatchObject({
      name: 'SyncError',
      code: 'not_ready',
      message: expect.any(String) as unknown,
    });
    log.warn('x', {}, new Error('Connection terminated unexpectedly'));
    expect(last().err['message']).toBe('Connection terminated unexpectedly');
    const {readFile} = await import('node:fs/promises');
    log.warn('x', {}, await readFile('/nowhere/at/all').catch((error: unknown) => error));
    expect(last().err).toMatchObject({code: 'ENOENT'});
    expect(last().err['message']).toContain('no such file');
  });

  it('hides the message of errors from libraries', () => {
    class MailError extends Error {}
    const {log, lines} = openLog();
    log.error('x', {}, new MailError(SECRET));
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('says only the type of what is thrown and no error', () => {
    const {log, last} = openLog();
    log.error('x', {}, SECRET);
    expect(last().err).toEqual({name: 'thrown string'});
  });

  it('stops at a chain of causes that never ends', () => {
    const {log, last} = openLog();
    const error = new Error('round');
    error.cause = error;
    log.error('x', {}, error);
    expect(last().err['message']).toBe('round');
  });
});
