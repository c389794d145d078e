// The live protocol over real sockets, a real database and real tokens, on every transport that loads here.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {startLive} from '../support/live-world.ts';
import {createWorld, type World} from '../support/world.ts';

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  test('an edit of one device is acknowledged and reaches another live', async () => {
    const live = await startLive(world, {start});
    const manager = await world.newManager();
    const writer = await live.connect(manager);
    const reader = await live.connect(manager.onNewDevice());
    const id = randomUUID();
    const [answer] = await writer.answered(writer.write('tasks', id, {title: 'Mend the roof'}));
    expect(answer).toMatchObject({kind: 'ack', outcome: 'applied', conflicts: [], refused: []});
    const {seq} = answer as {seq: number};
    await reader.reached(seq);
    expect(reader.shown('tasks', id)).toMatchObject({title: 'Mend the roof'});
    expect(reader.holes).toBe(0);
  });
});
