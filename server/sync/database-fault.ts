// What an error of the database means for the group that met it.
import pg from 'pg';
import {DatabaseLineChanged} from '#db/database-epoch.ts';
import {CommitOutcomeUnknown} from '#db/transaction.ts';

export type DatabaseFault =
  /** A value that can never be stored. */
  | 'poison'
  /** Another node was first, or Postgres chose this one to give way: decide again. */
  | 'race'
  /** The connection or the server is gone, or the outcome of COMMIT is not known: wait and decide again. */
  | 'away'
  /** Ours. */
  | 'bug';

/** Serialisation failure, deadlock, lock timeout; and a row that another node made first. */
const raceCodes: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '23505']);

export function faultOf(error: unknown): DatabaseFault {
  if (error instanceof CommitOutcomeUnknown || error instanceof DatabaseLineChanged) return 'away';
  if (error instanceof pg.DatabaseError) return faultOfState(error.code ?? '');
  return isConnectionError(error) ? 'away' : 'bug';
}

function faultOfState(code: string): DatabaseFault {
  if (raceCodes.has(code)) return 'race';
  // A message that Postgres cannot make sense of is our mistake, though it counts as trouble of the connection.
  if (code === '08P01') return 'bug';
  const group = code.slice(0, 2);
  if (group === '22' || group === '23') return 'poison';
  // Connection trouble, too few resources, an operator who stops it, a disk that fails, read-only after a failover.
  if (['08', '53', '57', '58'].includes(group) || code === '25006' || code === '25P03') return 'away';
  return 'bug';
}

// The driver's own errors have no code.
const connectionMessages = /terminat|timeout|not queryable|Connection/i;

/** Errors of the system: ECONNREFUSED and its like, not Node's own ERR_*. Of several addresses tried, only the code tells. */
const systemCode = /^E(?!RR_)[A-Z_]+$/;

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isOfSystem = 'code' in error && typeof error.code === 'string' && systemCode.test(error.code);
  return isOfSystem || connectionMessages.test(error.message);
}
