// The Yjs client id that one process writes under.
import {createHash} from 'node:crypto';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';

/** Starts of a process that ids of one history have room for. */
const STARTS = 2 ** 24;

/**
 * number: taken from the database, once per process. A restored database gives out numbers again under which the
 * history that was given up has written, and devices hold what it wrote: so each history has a range of its own.
 * Beyond `STARTS` ranges overlap, and all of it stays far below 2^53.
 */
export function serverClientIdOf(epoch: string, number: number): number {
  const range = createHash('sha256').update(epoch).digest().readUInt16BE(0);
  return SERVER_CLIENT_ID_MIN + range * STARTS + number;
}
