// Which of a decided group's changes are kept for managers, and what the author of one is told for which there is no
// room any more.
import type {TenantCipher} from '#db/cipher.ts';
import type {QuarantineWrite} from '#db/group-notes.ts';
import {recordName} from '#db/records.ts';
import {notKept, type GroupDecision} from './decide-group.ts';
import type {Loaded} from './load-group.ts';
import {quarantineWrite} from './quarantine-write.ts';
import type {Submission} from './submission.ts';

/** ask: which of them there is room for. What there is none for is refused in other words. */
export async function keepForManagers(
  cipher: TenantCipher,
  {
    decision,
    fresh,
    loaded,
    ask,
  }: {
    decision: GroupDecision;
    fresh: readonly Submission[];
    loaded: Loaded;
    ask: (kept: readonly QuarantineWrite[]) => Promise<readonly QuarantineWrite[]>;
  },
): Promise<{decision: GroupDecision; quarantined: readonly QuarantineWrite[]}> {
  const writes = fresh.map((submission, index) =>
    quarantineWrite(cipher, submission, {
      decided: decision.decided[index],
      record: loaded.working.get(recordName(submission.change))?.record,
    }),
  );
  const wanted = writes.filter((write) => write !== null);
  if (wanted.length === 0) return {decision, quarantined: []};
  const quarantined = await ask(wanted);
  const hasRoom = new Set(quarantined);
  const decided = decision.decided.map((one, index) => {
    const write = writes[index] ?? null;
    return write === null || hasRoom.has(write) ? one : notKept;
  });
  return {decision: {...decision, decided}, quarantined};
}
