// Holds what the server answered against what the oracle expects.
import type {Applied, ConflictSide, NewConflict, RefusedField} from '#crdt/change.ts';
import {DELETED_AT, type Expected, type ExpectedConflict, type Side} from './arrival.ts';
import {isSame} from './oracle-key.ts';
import type {Reply} from './server.ts';

export function expectNothing(reply: Reply, outcome: Applied): void {
  const isQuiet =
    outcome.status === 'unchanged' && !outcome.changed && outcome.delta === null && reply.seq === null;
  if (!isQuiet) throw new Error(`a repeated update was ${outcome.status}`);
}

/** missing: the required fields for whose sake nothing may have been kept. */
export function expectNoBeginning(reply: Reply, outcome: Applied, missing: readonly string[]): void {
  const named = Object.keys(outcome.error?.fields ?? {}).sort();
  const isRefused = outcome.error?.code === 'required_field' && named.join() === [...missing].sort().join();
  if (isRefused && outcome.status === 'rejected' && !outcome.changed && reply.seq === null) return;
  throw new Error(`a record without ${missing.join()} was ${outcome.status}: ${describe(outcome.error)}`);
}

/** Which of equally late writes the server named as the one that keeps the record. */
export function namedIn(conflicts: readonly NewConflict[], sides: readonly Side[]): number {
  const winners = conflicts.filter(({key}) => key === DELETED_AT).map(({entries}) => entries[0]?.winner);
  const index = sides.findIndex((side) =>
    winners.some((winner) => winner !== undefined && isSide(winner, side)),
  );
  return Math.max(0, index);
}

const isSide = (actual: ConflictSide, side: Side): boolean =>
  actual.field === side.key &&
  actual.device === side.device &&
  actual.eff === side.eff &&
  isSame(side.key, actual.value, side.value);

export function compareConflicts(
  actual: readonly NewConflict[],
  expected: readonly ExpectedConflict[],
): void {
  const left = [...actual];
  for (const conflict of expected) {
    const index = left.findIndex((found) => isConflict(found, conflict));
    if (index < 0) throw new Error(`conflict missing: ${describe(conflict)}; logged: ${describe(actual)}`);
    left.splice(index, 1);
  }
  if (left.length > 0) throw new Error(`false conflict: ${describe(left)}; expected: ${describe(expected)}`);
}

export function compareRefused(actual: readonly RefusedField[], expected: Expected['refused']): void {
  const list = (refused: readonly string[]): string => [...new Set(refused)].sort().join();
  const refused = list(
    actual.map(({field, code}) => `${code === 'frozen' ? field.split('/')[0] : field}:${code}`),
  );
  const toRefuse = list(expected.map(({key, code}) => `${key}:${code}`));
  if (refused !== toRefuse) throw new Error(`refused [${refused}], expected [${toRefuse}]`);
}

function isConflict({key, entries}: NewConflict, expected: ExpectedConflict): boolean {
  if (key !== expected.key || entries.length !== (expected.anyLoser ? 1 : expected.losers.length))
    return false;
  const [first] = entries;
  const winner = expected.winner.find((side) => first !== undefined && isSide(first.winner, side));
  if (winner === undefined || !entries.every((entry) => isSide(entry.winner, winner))) return false;
  const losers = [...expected.losers];
  return entries.every(({loser, base}) => {
    const index = losers.findIndex((side) => isSide(loser, side));
    losers.splice(index, 1);
    // Where a common base is named, it must be the true one.
    const isTrueBase = base === undefined || key === DELETED_AT || isSame(key, base, expected.base ?? null);
    return index >= 0 && isTrueBase;
  });
}

export const describe = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? [...part] : part));
