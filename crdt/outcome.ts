// What a finished merge is answered with.
import type {ChangeOutcome} from './change.ts';
import type {Merge} from './merge.ts';

/** Marks the record as made and touched by the writer, and sums the merge up. */
export function outcomeOf(
  merge: Merge,
  {delta, creating}: {delta: Uint8Array | null; creating: boolean},
): ChangeOutcome {
  const {record, context, audit, conflicts} = merge;
  const refused = [...merge.refused].map(([field, code]) => ({field, code}));
  if (creating) record.created = {at: context.now, by: context.actor.userId};
  if (creating || audit.length > 0) record.updatedBy = context.actor.userId;
  // A frozen field that kept its value is an answer to the change, not a refusal of it.
  const blocked = refused.find(({code}) => code !== 'frozen');
  const nothingHappened = delta === null && !merge.remembered && conflicts.length + refused.length === 0;
  const nothingApplied =
    blocked !== undefined && audit.length === 0 && conflicts.length === 0 && merge.tips.length === 0;
  return {
    kind: 'done',
    status: nothingApplied ? 'rejected' : nothingHappened ? 'unchanged' : 'applied',
    ...(nothingApplied
      ? {
          error: {
            code: blocked.code,
            message: `Refused: ${blocked.field}.`,
            fields: {[blocked.field]: blocked.code},
          },
        }
      : {}),
    refused,
    conflicts,
    audit,
    delta,
    changed: delta !== null || merge.remembered,
    created: creating,
    valuesLost: merge.valuesLost,
  };
}
