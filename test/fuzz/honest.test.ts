// What honest devices send is admitted, all of it: a guard that refuses too much loses their work.
import {expect, it} from 'vitest';
import {guard} from '#crdt/guard.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import {randomFrom} from '#test/support/random.ts';
import {makeHistory} from './ground.ts';
import {demandCleanIntegration} from './integration.ts';

const SEED = 20_260_102;
const HISTORIES = 300;

// I28 of docs/reliability.md.
it('honest histories are admitted, all of them', () => {
  const random = randomFrom(SEED);
  let added = 0;
  for (let count = 0; count < HISTORIES; count++) {
    const ground = makeHistory(random);
    for (const bytes of ground.seeds.slice(0, 3)) {
      const parsed = parseUpdate(bytes);
      if (!parsed.ok) throw new Error(`History ${count} of seed ${SEED}: ${parsed.message}`);
      const result = guard({entity: ground.entity, doc: ground.server}, parsed.update, new Set(ground.own));
      if (result.kind !== 'admitted')
        throw new Error(`History ${count} of seed ${SEED}: ${JSON.stringify(result)}`);
      demandCleanIntegration(ground, parsed.update, result.admitted);
      added += result.admitted.elements.length;
    }
  }
  expect(added).toBeGreaterThan(HISTORIES);
});
