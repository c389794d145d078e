// What a room knows of its record: reads it as committed, and tells whether a provider's document is a replica of
// it at all.
import * as Y from 'yjs';
import {generationClientId} from '#crdt/compact.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {Feed} from '../sync/feed.ts';
import type {Member} from '../sync/members.ts';

export interface RoomRecord {
  readonly entity: EntityName;
  readonly id: string;
}

export interface RoomDocument {
  /** 0 while the record does not exist. */
  readonly seq: number;
  readonly generation: number;
  /** Yjs V1. */
  readonly state: Uint8Array;
}

/** A Yjs update of nothing, as providers with nothing to say send it. */
const EMPTY_UPDATE = Uint8Array.of(0, 0);
const nothing: RoomDocument = {seq: 0, generation: 0, state: EMPTY_UPDATE};

/** A record that does not exist, or not for this member, reads as an empty document. */
export async function readRoomDocument(
  feed: Pick<Feed, 'readOne'>,
  {member, record}: {member: Member; record: RoomRecord},
): Promise<RoomDocument> {
  const item = await feed.readOne(member, record);
  return item === undefined ? nothing : {seq: item.seq, generation: item.generation, state: item.state};
}

export const stateVectorOf = ({state}: RoomDocument): Uint8Array => Y.encodeStateVectorFromUpdate(state);

export const missingFrom = ({state}: RoomDocument, stateVector: Uint8Array): Uint8Array =>
  Y.diffUpdate(state, stateVector);

export const isEmptyUpdate = (update: Uint8Array): boolean =>
  update.length === EMPTY_UPDATE.length && update.every((byte) => byte === 0);

/**
 * Whether a provider's document can be one of this generation. y-protocols does not say; but a compacted
 * document begins under a client id of its own, so whoever took it in has that client, and whoever has
 * something else has an older one. Mixing the two would double texts and revive old values.
 */
export const isOfGeneration = (clocks: ReadonlyMap<number, number>, generation: number): boolean =>
  generation === 0 || clocks.size === 0 || clocks.has(generationClientId(generation));
