import pg from 'pg';
import {expect, test} from 'vitest';
import {CommitOutcomeUnknown} from '#db/transaction.ts';
import {faultOf, type DatabaseFault} from './database-fault.ts';

function databaseError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('...', 0, 'error');
  error.code = code;
  return error;
}

const coded = (error: Error, code: string): Error => Object.assign(error, {code});

const cases: readonly [string, Error, DatabaseFault][] = [
  ['a value that cannot be stored', databaseError('22P05'), 'poison'],
  ['a rule of a table', databaseError('23514'), 'poison'],
  ['a record that another node made first', databaseError('23505'), 'race'],
  ['a deadlock', databaseError('40P01'), 'race'],
  ['a serialisation failure', databaseError('40001'), 'race'],
  ['Postgres going down', databaseError('57P01'), 'away'],
  ['too many connections', databaseError('53300'), 'away'],
  ['a full disk', databaseError('53100'), 'away'],
  ['a connection that failed', databaseError('08006'), 'away'],
  ['a message that makes no sense', databaseError('08P01'), 'bug'],
  ['a column that is not there', databaseError('42703'), 'bug'],
  ['a commit nobody knows the outcome of', new CommitOutcomeUnknown(new Error('x')), 'away'],
  ['the driver saying that a connection ended', new Error('Connection terminated unexpectedly'), 'away'],
  ['the driver saying that a client is closed', new Error('Client was closed and is not queryable'), 'away'],
  ['nobody listening', coded(new Error('connect ECONNREFUSED 127.0.0.1:1'), 'ECONNREFUSED'), 'away'],
  ['nobody listening at any address', coded(new AggregateError([]), 'ECONNREFUSED'), 'away'],
  ['an error of ours', new TypeError('x is not a function'), 'bug'],
  ['an error of Node about our use of it', coded(new TypeError('bad'), 'ERR_INVALID_ARG_TYPE'), 'bug'],
];

test.each(cases)('%s', (_, error, fault) => {
  expect(faultOf(error)).toBe(fault);
});
