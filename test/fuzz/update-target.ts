// Updates, to the strict parser and the guard: documents with a history, and the record that the catalogue attacks.
import {isDeepStrictEqual} from 'node:util';
import * as Y from 'yjs';
import {guard} from '#crdt/guard.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import {createSeeds, damagedSeed} from './damage.ts';
import {makeAttacked, makeHistory} from './ground.ts';
import {demandCleanIntegration} from './integration.ts';
import {demand, type Target, type Verdict} from './target.ts';
import {makeUpdate} from './update-maker.ts';

export const updates: Target = {
  name: 'updates',
  isPure: true,
  begin(random) {
    const ground = random.chance(0.3) ? makeAttacked() : makeHistory(random);
    const {entity, server} = ground;
    const own = new Set(ground.own);
    const seeds = createSeeds(ground.seeds, random);
    return {
      make: () =>
        random.chance(0.4)
          ? damagedSeed(seeds, random, makeUpdate(ground, random))
          : damagedSeed(seeds, random),
      offer(input): Verdict {
        const parsed = parseUpdate(input);
        if (!parsed.ok) return noted(input, {accepted: false, word: `${parsed.code} ${parsed.message}`});
        const {update} = parsed;
        const result = guard({entity, doc: server}, update, own);
        if (result.kind === 'need') return noted(input, {accepted: false, word: 'need'});
        if (result.kind === 'refused')
          return noted(input, {accepted: false, word: `${result.code} ${result.message}`});
        const {admitted} = result;
        const isAdding = admitted.elements.length > 0 || admitted.textDeletes.length > 0;
        const verify = (): void => demandCleanIntegration(ground, update, admitted);
        return noted(input, {accepted: true, word: isAdding ? 'adding' : 'known', verify});
      },
      finish: () =>
        demand(isDeepStrictEqual(Y.encodeStateAsUpdate(server), ground.state), 'the document was touched'),
    };

    function noted(input: Uint8Array, verdict: Verdict): Verdict {
      seeds.note(input, verdict.word);
      return verdict;
    }
  },
};
