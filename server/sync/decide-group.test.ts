// A group decided in memory: who may write what, what is logged, and what of it reaches the author.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {STORAGE_BYTES_MAX, STORAGE_FILES_MAX} from '#crdt/protocol/limits.ts';
import {fieldsOf} from '#crdt/record.ts';
import type {WriterAccess} from '#db/access.ts';
import {
  ana,
  bo,
  edit,
  manager,
  newKey,
  openDesk,
  stranger,
  submission,
  update,
  wordsOf,
  type Key,
} from '#test/support/group-desk.ts';
import type {Author} from '#test/support/submissions.ts';
import type {GroupInput, WorkingRecord} from './decide-group.ts';
import type {Submission} from './submission.ts';

test('who is no member writes nothing', () => {
  const {decide} = openDesk();
  const decision = decide([edit(stranger, newKey(), {title: 'Roof'})]);
  expect(wordsOf(decision)).toEqual(['no_membership']);
  expect(decision.logged).toEqual([]);
});

test('a record outside the scope of an employee is refused as such, and hidden', () => {
  const {decide} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const decision = decide([
    edit(ana, key, {notes: 'x'}),
    edit(ana, key, {notes: 'x'}, {precondition: {kind: 'present'}}),
    edit(ana, key, {notes: 'x'}, {precondition: {kind: 'absent'}}),
  ]);
  expect(wordsOf(decision)).toEqual(['out_of_scope', 'not_found', 'out_of_scope']);
  expect(decision.decided.map(({isOutOfScope}) => isOutOfScope)).toEqual([true, true, true]);
});

test('scope is what was granted to the writer, and what is open to all', () => {
  const {decide} = openDesk();
  const [task, team] = [newKey(), newKey('teams')];
  decide([edit(manager, task, {title: 'Roof'}), edit(manager, team, {name: 'North'})]);
  const changes = [ana, bo].map((by) => edit(by, task, {notes: by.userId}));
  const isGranted: GroupInput['isGranted'] = (userId, {entity, id}) =>
    userId === ana.userId && entity === 'tasks' && id === task.id;
  expect(wordsOf(decide(changes, {isGranted}))).toEqual(['applied', 'out_of_scope']);
  const [ofTeam] = decide([edit(ana, team, {name: 'South'})]).decided;
  expect(ofTeam).toMatchObject({outcome: {status: 'rejected'}});
  expect(ofTeam?.isOutOfScope).toBeUndefined();
});

test('what a member makes in a group is in their scope from then on, and in no other one', () => {
  const {decide} = openDesk();
  const key = newKey();
  const changes = [
    edit(ana, key, {title: 'Mine', employeeId: ana.employeeId}),
    edit(ana, key, {notes: 'more'}),
    edit(bo, key, {notes: 'theirs'}),
  ];
  const isGranted: GroupInput['isGranted'] = (userId, {id}) => userId === ana.userId && id === ana.employeeId;
  const decision = decide(changes, {isGranted});
  expect(wordsOf(decision)).toEqual(['applied', 'applied', 'out_of_scope']);
});

test.each([
  ['absent', false, {kind: 'absent'}, 'applied'],
  ['absent', true, {kind: 'absent'}, 'already_exists'],
  ['present', false, {kind: 'present'}, 'not_found'],
  ['present', true, {kind: 'present'}, 'applied'],
  ['at its position', true, {kind: 'present', seqs: [6, 7]}, 'applied'],
  ['at another position', true, {kind: 'present', seqs: [6, 8]}, 'precondition_failed'],
  ['at a position', false, {kind: 'present', seqs: [7]}, 'not_found'],
] as const)('what must be %s, where the record exists: %s', (_, exists, precondition, word) => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  if (exists) decide([edit(manager, key, {title: 'Roof'})]);
  const working = recordOf(key);
  working.place = 0;
  const decision = decide([edit(manager, key, {title: 'Wall'}, {precondition})], {
    recordOf: () => ({...working, seq: exists ? 7 : null}),
  });
  expect(wordsOf(decision)).toEqual([word]);
});

test('nobody can have seen the position of a change of the same group', () => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const working: WorkingRecord = {...recordOf(key), seq: 7, place: 0};
  const precondition = {kind: 'present' as const, seqs: [7]};
  const changes = ['Wall', 'Door'].map((title) => edit(manager, key, {title}, {precondition}));
  expect(wordsOf(decide(changes, {recordOf: () => working}))).toEqual(['applied', 'precondition_failed']);
});

test('the log says what was done, in order, and says nothing of what changed nothing', () => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  const decision = decide([
    edit(manager, key, {title: 'Roof', status: 'scheduled'}),
    edit(manager, key, {title: 'Wall'}),
    edit(manager, key, {title: 'Wall'}),
    edit(manager, key, {}, {op: 'delete'}),
    edit(manager, key, {deletedAt: null}),
  ]);
  expect(decision.logged.map(({action}) => action)).toEqual(['create', 'update', 'delete', 'restore']);
  expect(decision.decided.map(({place}) => place)).toEqual([1, 2, null, 3, 4]);
  const {place, deltas, changedFields} = recordOf(key);
  expect(place).toBe(4);
  expect(deltas).toHaveLength(4);
  expect([...changedFields].sort()).toEqual(['deletedAt', 'status', 'title']);
});

test('a write that lost changes nothing and is logged as a dispute', () => {
  const {decide} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  decide([edit(manager, key, {title: 'Wall'})]);
  const elsewhere = {...manager, deviceId: randomUUID()};
  const late = edit(
    elsewhere,
    key,
    {title: 'Door'},
    {at: Date.now() - 60_000, base: {kind: 'cursor', seq: 1}},
  );
  const decision = decide([late]);
  expect(decision.logged.map(({action, outcome}) => [action, outcome.changed])).toEqual([['dispute', false]]);
  expect(decision.decided[0]?.place).toBe(1);
});

test('what the server writes asks for nobody', () => {
  const {decide} = openDesk();
  const key = newKey('attachments');
  const fields = {ownerType: 'tasks', ownerId: randomUUID(), status: 'pending', sizeBytes: 5};
  const decision = decide([submission(stranger, {kind: 'server', ...key, fields, creates: true})]);
  expect(wordsOf(decision)).toEqual(['applied']);
});

test('messages go out for what was taken, changed or not, and for nothing that was refused', () => {
  const {decide} = openDesk();
  const key = newKey();
  const sends: Submission['sends'] = [];
  const changes = [
    edit(manager, key, {title: 'Roof'}, {sends}),
    edit(manager, key, {title: 'Roof'}, {sends}),
    edit(manager, key, {title: 5}, {sends}),
    edit(manager, key, {title: 'Wall'}),
    update(manager, key, {write: {title: 'Door'}, after: {title: 'Window'}, sends}),
  ];
  const decision = decide(changes);
  expect(wordsOf(decision).at(-1)).toBe('need');
  expect(decision.sent).toEqual(changes.slice(0, 2));
});

const approvalBy = (by: WriterAccess) => ({
  approval: {by, employeeId: ana.employeeId, quarantineId: 'kept'},
});

test('a kept change is let in by a manager, with the rights of its author', () => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const change = edit(ana, key, {notes: 'late'}, approvalBy(manager));
  const decision = decide([change]);
  expect(wordsOf(decision)).toEqual(['applied']);
  expect(decision.approved).toEqual([change]);
  expect(fieldsOf(recordOf(key).record)).toMatchObject({notes: 'late'});
});

test("a kept change that was let in brings its record into nobody's scope", () => {
  const {decide} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const decision = decide([
    edit(ana, key, {notes: 'late'}, approvalBy(manager)),
    edit(ana, key, {notes: 'x'}),
  ]);
  expect(wordsOf(decision)).toEqual(['applied', 'out_of_scope']);
});

test('nobody but a manager lets a kept change in', () => {
  const {decide} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const decision = decide([edit(ana, key, {notes: 'late'}, approvalBy(bo))], {isGranted: () => true});
  expect(wordsOf(decision)).toEqual(['no_membership']);
});

test('a kept change gives way to what its author wrote later', () => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const kept = edit(
    ana,
    key,
    {cancelReason: 'early'},
    {...approvalBy(manager), at: Date.now() - 60_000, base: {kind: 'cursor', seq: 1}},
  );
  decide([edit(ana, key, {cancelReason: 'later'})], {isGranted: () => true});
  expect(wordsOf(decide([kept]))).toEqual(['unchanged']);
  expect(fieldsOf(recordOf(key).record)).toMatchObject({cancelReason: 'later'});
});

test('a kept change is let in once', () => {
  const {decide} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const decision = decide([edit(ana, key, {notes: 'late'}, approvalBy(manager))], {isOpen: () => false});
  expect(wordsOf(decision)).toEqual(['already_decided']);
  expect(decision.approved).toEqual([]);
});

test('a kept change that may not write one of its fields is refused whole, and leaves no trace', () => {
  const {decide, recordOf} = openDesk();
  const key = newKey();
  decide([edit(manager, key, {title: 'Roof'})]);
  const before = fieldsOf(recordOf(key).record);
  const kept = [
    edit(ana, key, {notes: 'late', title: 'Mine'}, approvalBy(manager)),
    update(ana, key, {write: {cancelReason: 'late', title: 'Mine'}, ...approvalBy(manager)}),
  ];
  for (const one of kept) {
    const decision = decide([one]);
    expect(decision.decided[0]?.outcome).toMatchObject({
      status: 'rejected',
      error: {fields: {title: expect.any(String) as string}},
    });
    expect([decision.approved, decision.logged]).toEqual([[], []]);
    expect(fieldsOf(recordOf(key).record)).toEqual(before);
  }
});

function announce(
  by: Author,
  owner: Key,
  sizeBytes: number,
  status = 'pending',
  key = newKey('attachments'),
) {
  const fields = {ownerType: 'tasks', ownerId: owner.id, status, sizeBytes};
  const announcedBytes = status === 'pending' ? sizeBytes : null;
  return submission(
    by,
    {kind: 'server', ...key, fields, creates: true},
    {attaching: {owner, announcedBytes}},
  );
}

test('a file is added to a record by a member who sees it', () => {
  const {decide} = openDesk();
  const owner = newKey();
  decide([edit(manager, owner, {title: 'Roof'})]);
  const decision = decide([manager, ana, stranger].map((by) => announce(by, owner, 5)));
  expect(wordsOf(decision)).toEqual(['applied', 'not_found', 'no_membership']);
  expect(wordsOf(decide([announce(ana, owner, 5)], {isGranted: () => true}))).toEqual(['applied']);
});

test.each([
  ['bytes', {bytes: STORAGE_BYTES_MAX - 10, count: 3}, [6, 6, 6, 6, 5]],
  ['files', {bytes: 0, count: STORAGE_FILES_MAX - 1}, [1, 1, 1, 1, 1]],
] as const)('%s that a group announces and takes away count for the files after it', (_, storage, sizes) => {
  const {decide} = openDesk();
  const [owner, first] = [newKey(), newKey('attachments')];
  decide([edit(manager, owner, {title: 'Roof'})]);
  const changes = [
    announce(manager, owner, sizes[0], 'pending', first),
    announce(manager, owner, sizes[1]),
    announce(manager, owner, sizes[2], 'deleted', first),
    announce(manager, owner, sizes[3]),
    announce(manager, owner, sizes[4]),
  ];
  const words = ['applied', 'storage_full', 'applied', 'applied', 'storage_full'];
  expect(wordsOf(decide(changes, {storage}))).toEqual(words);
});
