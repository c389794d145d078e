// A change may say what the record must be; that holds when it is decided, on whatever node.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {createArena} from '#test/support/lane-kit.ts';
import {jsonSubmission} from '#test/support/submissions.ts';
import type {Precondition, Submission} from './submission.ts';

const ROUNDS = 20;

async function twoNodes() {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const submission = (id: string, title: string, precondition?: Precondition): Submission => ({
    ...jsonSubmission(arena.manager, {entity: 'tasks', id, payload: {title}}),
    ...(precondition === undefined ? {} : {precondition}),
  });
  return {arena, nodes, submission};
}

test('of two nodes that change the same state exactly one does', async () => {
  const {nodes, submission} = await twoNodes();
  const id = randomUUID();
  const made = await nodes[0]!.submit(submission(id, 'First', {kind: 'absent'}));
  let seq = made.kind === 'applied' ? (made.seq ?? 0) : 0;
  for (let round = 0; round < ROUNDS; round++) {
    const receipts = await Promise.all(
      nodes.flatMap((node, index) =>
        ['a', 'b'].map((name) =>
          node.submit(submission(id, `${round} ${index} ${name}`, {kind: 'present', seqs: [seq]})),
        ),
      ),
    );
    const applied = receipts.flatMap((receipt) => (receipt.kind === 'applied' ? [receipt] : []));
    const refused = receipts.flatMap((receipt) => (receipt.kind === 'rejected' ? [receipt.error.code] : []));
    expect(applied).toHaveLength(1);
    expect(refused).toEqual(Array.from({length: 3}, () => 'precondition_failed'));
    seq = applied[0]?.seq ?? 0;
  }
});

test('of two nodes that make the same record exactly one does', async () => {
  const {nodes, submission} = await twoNodes();
  for (let round = 0; round < ROUNDS; round++) {
    const id = randomUUID();
    const receipts = await Promise.all(
      nodes.map((node, index) => node.submit(submission(id, `Node ${index}`, {kind: 'absent'}))),
    );
    const outcomes = receipts.map((receipt) =>
      receipt.kind === 'rejected' ? receipt.error.code : receipt.kind,
    );
    expect(outcomes.sort()).toEqual(['already_exists', 'applied']);
  }
});

test('a record that does not exist is not made by a change of one that must', async () => {
  const {nodes, submission} = await twoNodes();
  const id = randomUUID();
  const receipt = await nodes[0]!.submit(submission(id, 'First', {kind: 'present'}));
  expect(receipt).toMatchObject({kind: 'rejected', error: {code: 'not_found'}});
  expect(await nodes[1]!.submit(submission(id, 'First', {kind: 'absent'}))).toMatchObject({kind: 'applied'});
});

test('a repeat of a change that was made is answered as before, whatever the record is now', async () => {
  const {nodes, submission} = await twoNodes();
  const id = randomUUID();
  const first = submission(id, 'First', {kind: 'absent'});
  await nodes[0]!.submit(first);
  await nodes[0]!.submit(submission(id, 'Second'));
  expect(await nodes[1]!.submit(first)).toMatchObject({kind: 'unchanged'});
});
