// A record that many devices write to, what they need to do so, and stamps that name each of their writes.
import {randomUUID} from 'node:crypto';
import type {RecordId} from '#crdt/protocol/ids.ts';
import {randomClientId} from '../support/live-device.ts';
import type {Person} from '../support/world.ts';
import {vocabularies, type Vocabulary} from '../model/vocabulary.ts';
import {nameOf} from '../model/arrival.ts';
import type {JsonPush} from '../model/json-device.ts';
import {Packets} from './packets.ts';

export interface Plot {
  readonly id: RecordId;
  readonly vocabulary: Vocabulary;
  /** A moment that no write of the record bears yet, at a clock's reading or soon after. */
  readonly stamp: (clock: number) => number;
}

/** What all editors of a test share. */
export interface Field {
  readonly plots: readonly Plot[];
  /** Of devices that write Yjs. */
  readonly packets: Packets;
  /** Of those that push JSON, by change id. */
  readonly pushes: Map<string, JsonPush>;
  /** Milliseconds that stamps are behind the clock, so that no correction takes them past the server's. */
  readonly behindMs: number;
}

/** The server numbers tasks, of which the oracle knows nothing. */
export const writable: readonly Vocabulary[] = vocabularies.map((vocabulary) => ({
  ...vocabulary,
  keys: vocabulary.keys.filter(({key}) => key !== 'number'),
}));

export function createPlot(vocabulary: Vocabulary): Plot {
  const used = new Set<number>();
  return {
    id: randomUUID() as RecordId,
    vocabulary,
    stamp(clock) {
      let free = clock;
      while (used.has(free)) free++;
      used.add(free);
      return free;
    },
  };
}

const minted = new Set<number>();

/** A Yjs client id that no device of this process has had. */
export function mintClient(): number {
  const id = randomClientId();
  if (minted.has(id)) return mintClient();
  minted.add(id);
  return id;
}

export const createField = (plots: readonly Plot[], {behindMs}: Pick<Field, 'behindMs'>): Field => ({
  plots,
  packets: new Packets(),
  pushes: new Map(),
  behindMs,
});

/** Makes the records, in one push of the person's. */
export async function makeRecords({plots, pushes}: Field, person: Person): Promise<void> {
  const made = plots.map((plot) => ({plot, changeId: randomUUID(), at: plot.stamp(MADE_AT)}));
  const results = await person.push(
    made.map(({plot: {id, vocabulary}, changeId, at}) => ({
      changeId,
      entity: vocabulary.entity,
      entityId: id,
      clientUpdatedAt: new Date(at).toISOString(),
      payload: vocabulary.initial,
    })),
  );
  const bad = results.find(({status}) => status !== 'applied');
  if (bad !== undefined) throw new Error(`A record was not made: ${JSON.stringify(bad)}`);
  for (const {plot, changeId, at} of made) pushes.set(changeId, creationOf(plot, changeId, at));
}

/** Before anything that a device's clock says. */
const MADE_AT = Date.UTC(2026, 0, 1);

const creationOf = ({vocabulary}: Plot, changeId: string, at: number): JsonPush => ({
  changeId,
  op: 'upsert',
  at,
  base: {kind: 'cursor', seq: 0},
  payload: vocabulary.initial,
  writes: Object.entries(vocabulary.initial).map(([key, value]) => ({
    name: nameOf(key, at),
    key,
    at,
    value,
    code: null,
    shown: null,
    seen: null,
    onlyIfKnown: false,
    isListed: false,
  })),
  texts: [],
  shownDelete: null,
});
