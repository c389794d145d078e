// Updates of a record whose document nobody has built: whatever is decided without it is decided as it is with it.
import {isDeepStrictEqual} from 'node:util';
import * as Y from 'yjs';
import {applyChange} from '#crdt/apply-change.ts';
import type {ChangeOutcome} from '#crdt/change.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {decodeRecord, encodeRecord} from '#crdt/record-codec.ts';
import type {RecordState} from '#crdt/record.ts';
import {parseUpdate, type ParsedUpdate} from '#crdt/update-reader.ts';
import {ben, RECORD_ID} from '#test/support/one-record.ts';
import {createSeeds, damagedSeed} from './damage.ts';
import {changeOf, makePlain} from './plain-ground.ts';
import {demand, type Target, type Verdict} from './target.ts';
import {makeUpdate} from './update-maker.ts';

/** Of the process that loaded the record. */
const LOADER = SERVER_CLIENT_ID_MIN + 9;

export const plainUpdates: Target = {
  name: 'plain updates',
  isPure: true,
  begin(random) {
    const {ground, stored, seq} = makePlain(random);
    const {entity, own} = ground;
    const seeds = createSeeds(ground.seeds, random);
    const place = {entity, id: RECORD_ID, seq, generation: 0, clientId: LOADER};
    const decide = (record: RecordState, update: ParsedUpdate): ChangeOutcome => {
      const context = {actor: ben, now: 1_000 * (seq + 1), offset: 0, seq: seq + 1, readCursor: () => null};
      return applyChange(record, changeOf(update, own), context);
    };
    return {
      // Little of what is damaged is plain any more.
      make: () =>
        random.chance(0.35)
          ? random.pick(ground.seeds)
          : damagedSeed(seeds, random, random.chance(0.3) ? makeUpdate(ground, random) : seeds.pick()),
      offer(input): Verdict {
        const parsed = parseUpdate(input);
        if (!parsed.ok) return noted(input, {accepted: false, word: parsed.code});
        const {update} = parsed;
        const record = decodeRecord(stored, place);
        const outcome = decide(record, update);
        const word =
          outcome.kind === 'done' ? `done ${outcome.status} ${outcome.conflicts.length}` : outcome.kind;
        if (record.plain === null) return noted(input, {accepted: false, word: `with its document: ${word}`});
        const verify = (): void => {
          const built = decodeRecord(stored, place);
          built.doc.getMap('fields');
          demand(isDeepStrictEqual(decide(built, update), outcome), 'its document decides otherwise');
          demand(isDeepStrictEqual(wholeOf(built), wholeOf(record)), 'its document holds something else');
        };
        return noted(input, {accepted: true, word, verify});
      },
      finish: () => demand(decodeRecord(stored, place).plain !== null, 'the record is not plain'),
    };

    /** What is stored of it; of its state, what a replica makes of it. */
    function wholeOf(record: RecordState): unknown {
      const {state, body, memory} = encodeRecord(record, seq + 1);
      const replica = new Y.Doc();
      Y.applyUpdate(replica, state);
      return [body.subarray(0, body.length - state.length), memory, Y.encodeStateAsUpdate(replica)];
    }

    function noted(input: Uint8Array, verdict: Verdict): Verdict {
      seeds.note(input, verdict.word);
      return verdict;
    }
  },
};
