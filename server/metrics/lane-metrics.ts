// Groups of changes: how fast they are answered, and with what. Called once per group.
import type {Flush} from '../sync/lane.ts';
import {SECONDS, type Instruments} from './instruments.ts';

export interface LaneMetrics {
  /** now: ms since epoch. */
  readonly flushed: (flush: Flush, now: number) => void;
  /** Of a fault that a lane recovered from or gave up on. */
  readonly failed: (kind: string) => void;
}

/** Codes of updates that the guard refuses begin with this. */
const GUARD = 'update_';

export function createLaneMetrics({counter, histogram}: Instruments): LaneMetrics {
  const ackSeconds = histogram(
    'fieldmerge_ack_seconds',
    'Seconds from the arrival of the first change of a group until the group was answered.',
    {buckets: SECONDS},
  );
  const groupSeconds = histogram(
    'fieldmerge_group_seconds',
    'Seconds from taking a group of changes to its commit.',
    {buckets: SECONDS},
  );
  const groupChanges = histogram('fieldmerge_group_changes', 'Changes committed together.', {
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  });
  const conflicts = counter('fieldmerge_conflicts_total', 'Conflicts that were recorded.');
  const rejects = counter('fieldmerge_rejects_total', 'Changes refused for good, by code.', 'code');
  const guard = counter(
    'fieldmerge_guard_refusals_total',
    'Yjs updates that the guard refused before their values were looked at, by code. They are among the rejects.',
    'reason',
  );
  const refusedFields = counter(
    'fieldmerge_refused_fields_total',
    'Fields of changes otherwise applied whose value was refused, by code.',
    'code',
  );
  const faults = counter(
    'fieldmerge_faults_total',
    'Faults that the server recovered from or gave up on, by kind.',
    'kind',
  );
  return {
    flushed({receipts, ms, since, conflicts: recorded}, now) {
      ackSeconds.observe(Math.max(0, now - since) / 1000);
      groupSeconds.observe(ms / 1000);
      groupChanges.observe(receipts.length);
      if (recorded > 0) conflicts.inc(recorded);
      for (const receipt of receipts) {
        if (receipt.kind === 'need' || receipt.kind === 'reset') continue;
        for (const {code} of receipt.refused) refusedFields.inc({code});
        if (receipt.kind !== 'rejected') continue;
        const {code} = receipt.error;
        rejects.inc({code});
        if (code.startsWith(GUARD)) guard.inc({reason: code});
      }
    },
    failed: (kind) => faults.inc({kind}),
  };
}
