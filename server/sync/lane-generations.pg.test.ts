// Documents stay bounded: a record edited often begins a new generation, with the same values.
import {expect, test} from 'vitest';
import {COMPACT_BYTES_MIN} from '#crdt/protocol/limits.ts';
import {createArena, kept, query} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';
import {payloadOf} from './feed.ts';

const text = new TextDecoder();

// I31 of docs/reliability.md.
test('a record edited thousands of times stays small, keeps its values, and resets older devices', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const read = async () => (await node.service.feed.readOne(arena.manager, task))!;
  const stale = createReplica(arena.manager, task);
  stale.receive((await read()).state);
  let largest = 0;
  for (let round = 0; round < 40; round++) {
    await Promise.all(
      Array.from({length: 100}, (_, index) =>
        node.submit(
          jsonSubmission(arena.manager, {
            ...task,
            named: false,
            payload: {
              title: `Title ${round} ${index}`,
              notes: {append: `${index % 10}`},
              checklist: [{id: 'one', title: `Step ${index}`}],
            },
          }),
        ),
      ),
    );
    largest = Math.max(largest, (await read()).state.length);
  }
  const current = await read();
  expect(current.generation).toBeGreaterThan(0);
  // A round may go on past the bound before the group ends; text of 4,000 characters comes on top.
  expect(largest).toBeLessThan(4 * COMPACT_BYTES_MIN + 8_000);
  const payload = JSON.parse(text.decode(current.payload)) as Record<string, unknown>;
  expect(payload).toMatchObject({title: 'Title 39 99', checklist: [{id: 'one', title: 'Step 99'}]});
  expect(payload['notes']).toHaveLength(4_000);
  expect(payloadOf(current)).toContain('"title":"Title 39 99"');

  const receipt = await node.submit(stale.set('title', 'From long ago'));
  expect(receipt).toMatchObject({kind: 'reset', current: {generation: current.generation}});
  const fresh = createReplica(arena.manager, task);
  fresh.receive(receipt.kind === 'reset' ? receipt.current.state : new Uint8Array());
  fresh.generation = current.generation;
  expect((fresh.doc.getMap('fields').get('title') as unknown[])[1]).toBe('Title 39 99');
  expect(fresh.doc.getText('text:notes').toJSON()).toBe(payload['notes']);
  expect(kept(await node.submit(fresh.set('title', 'From long ago'))).kind).toBe('applied');
}, 60_000);

test('what devices write around a compaction is judged by what they had seen, on any node', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const task = newTask(arena.manager);
  const created = kept(await nodes[0]!.submit(task.create));
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const before = kept(
    await nodes[0]!.submit(jsonSubmission(arena.manager, {...task, payload: {title: 'Seen'}})),
  );
  await Promise.all(
    Array.from({length: 900}, (_, index) =>
      nodes[0]!.submit(
        jsonSubmission(arena.manager, {
          ...task,
          named: false,
          // Keys in turn: what is overwritten twice in a row merges into one struct by itself.
          payload: {
            cancelReason: `${index}`,
            priority: index % 2 === 0 ? 'low' : 'high',
            notes: {append: '.'},
          },
        }),
      ),
    ),
  );
  const {generation} = (await nodes[0]!.service.feed.readOne(arena.manager, task))!;
  expect(generation).toBeGreaterThan(0);
  const write = (seq: number, title: string) =>
    nodes[1]!.submit(jsonSubmission(other, {...task, base: {kind: 'cursor', seq}, payload: {title}}));
  expect(kept(await write(before.seq!, 'After what it saw')).conflicts).toEqual([]);
  const third = await arena.tenancy.onNewDevice(arena.manager);
  const blind = await nodes[0]!.submit(
    jsonSubmission(third, {...task, base: {kind: 'cursor', seq: created.seq!}, payload: {title: 'Blind'}}),
  );
  expect(kept(blind).conflicts).toHaveLength(1);
  const [row] = await query(arena, 'SELECT title FROM tasks');
  expect(row).toEqual({title: 'Blind'});
}, 60_000);
