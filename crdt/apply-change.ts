// The heart: one change meets one record. Called by the lane for every path (socket, REST, restore), in
// commit order, with the record's row locked. Pure: no I/O, no clock; it mutates the record it is given and
// says what happened. If it throws, the record must be dropped and loaded again.
import {applyJson} from './apply-json.ts';
import {applyRestore} from './apply-restore.ts';
import {applyServer} from './apply-server.ts';
import {applyUpdate} from './apply-update.ts';
import {applyValues} from './apply-values.ts';
import type {Change, ChangeContext, ChangeOutcome} from './change.ts';
import type {RecordState} from './record.ts';

/**
 * Applies one change and decides every key it touches (docs/merge.md).
 * The same change twice: `unchanged`, nothing altered. Rejected: nothing altered, unless the outcome has a
 * delta; then clocks were consumed and refused values restated.
 */
export function applyChange(record: RecordState, change: Change, context: ChangeContext): ChangeOutcome {
  switch (change.kind) {
    case 'update':
      return applyUpdate(record, change, context);
    case 'json':
      return applyJson(record, change, context);
    case 'server':
      return applyServer(record, change, context);
    case 'restore':
      return applyRestore(record, change, context);
    case 'values':
      return applyValues(record, change, context);
  }
}
