// Messages of stock providers and the state vectors in them, read strictly. What is read, y-protocols and Yjs must read
// alike.
import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import {messageYjsSyncStep1} from 'y-protocols/sync';
import {parseStateVector} from '#crdt/state-vector.ts';
import {
  EMPTY_AWARENESS,
  readYjsMessage,
  writeStep1,
  writeStep2,
  writeUpdateMessage,
  type YjsMessage,
} from '#server/live/yjs-messages.ts';
import {createSeeds, damagedSeed} from './damage.ts';
import {makeHistory} from './ground.ts';
import {demand, type Target} from './target.ts';

const SYNC = 0;

export const roomMessages: Target = {
  name: 'room messages',
  isPure: true,
  begin(random) {
    const {state, seeds: honest} = makeHistory(random);
    const vector = Y.encodeStateVectorFromUpdate(state);
    const first = [writeStep1(vector), writeStep1(Uint8Array.of(0)), EMPTY_AWARENESS, Uint8Array.of(3)];
    const seeds = createSeeds(
      [...first, ...honest.flatMap((one) => [writeStep2(one), writeUpdateMessage(one)])],
      random,
    );
    return {
      make: () => damagedSeed(seeds, random),
      offer(input) {
        const message = readYjsMessage(input);
        const clocks = message?.kind === 'step-1' ? parseStateVector(message.stateVector) : undefined;
        const word = message === null ? 'none' : clocks === null ? 'bad vector' : message.kind;
        seeds.note(input, word);
        if (message === null || clocks === null) return {accepted: false, word};
        const verify = (): void => {
          demandSameMessage(input, message);
          if (message.kind !== 'step-1' || clocks === undefined) return;
          demandSameVector(message.stateVector, clocks);
          // As a server answers it.
          Y.diffUpdate(state, message.stateVector);
        };
        return {accepted: true, word, verify};
      },
      finish: () => undefined,
    };
  },
};

/** What y-protocols makes of the same bytes. */
function demandSameMessage(input: Uint8Array, message: YjsMessage): void {
  const decoder = decoding.createDecoder(input);
  if (decoding.readVarUint(decoder) !== SYNC) {
    demand(
      'update' in message || 'stateVector' in message ? false : true,
      'a message of another kind was read as sync',
    );
    return;
  }
  const isStep1 = decoding.readVarUint(decoder) === messageYjsSyncStep1;
  const bytes = decoding.readVarUint8Array(decoder);
  const read = 'stateVector' in message ? message.stateVector : 'update' in message ? message.update : null;
  demand(isStep1 === (message.kind === 'step-1'), 'a message was read as another kind');
  demand(read !== null && Buffer.compare(read, bytes) === 0, 'a message was read with other bytes');
}

function demandSameVector(bytes: Uint8Array, clocks: ReadonlyMap<number, number>): void {
  const read = Y.decodeStateVector(bytes);
  demand(
    read.size === clocks.size && [...clocks].every(([client, clock]) => read.get(client) === clock),
    'a state vector was read otherwise',
  );
}
