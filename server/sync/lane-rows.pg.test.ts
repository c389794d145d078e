// Whatever is written to records of any entity, their rows say what their documents show.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {requiredFields} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonValue} from '#crdt/json.ts';
import {fieldSamples} from '#test/support/field-samples.ts';
import {createArena, kept, type Node} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission} from '#test/support/submissions.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import type {Member} from './members.ts';
import type {Submission} from './submission.ts';
import {verifyDatabase} from './verify.ts';

type Name = keyof typeof fieldSamples;
interface Target {
  readonly entity: Name;
  readonly id: string;
}

const names = Object.keys(fieldSamples) as Name[];

test('there are samples of every field that a device may write', () => {
  for (const name of names) {
    const writable = Object.entries(entities[name].fields).filter(
      ([, {kind}]) => kind !== 'server' && kind !== 'derived',
    );
    expect(Object.keys(fieldSamples[name]).toSorted()).toEqual(writable.map(([field]) => field).toSorted());
  }
});

function jsonValue(random: Random, {entity, field}: {entity: Name; field: string}): JsonValue {
  const samples = fieldSamples[entity][field]!;
  const declared = entities[entity].fields[field]!;
  const isRequired = declared.kind === 'register' && declared.required;
  switch (declared.kind) {
    case 'set':
      return samples.filter(() => random.chance(0.5));
    case 'items':
      return samples
        .filter(() => random.chance(0.6))
        .map((item, index) => ({id: `item-${index}`, ...(item as object)}));
    default:
      return !isRequired && random.chance(0.15) && declared.kind !== 'text' ? null : random.pick(samples);
  }
}

function jsonChange(random: Random, member: Member, target: Target, creates: boolean): Submission {
  const fields = Object.keys(fieldSamples[target.entity]);
  const required = creates ? requiredFields(entities[target.entity]) : [];
  const chosen = new Set([...required, ...fields.filter(() => random.chance(0.2))]);
  const payload = Object.fromEntries(
    [...chosen].map((field) => [field, jsonValue(random, {entity: target.entity, field})]),
  );
  if (!creates && random.chance(0.1)) return jsonSubmission(member, {...target, op: 'delete', payload: {}});
  return jsonSubmission(member, {
    ...target,
    payload: random.chance(0.1) ? {...payload, deletedAt: null} : payload,
  });
}

/** Several keys of several kinds in one update, as a stock client writes them. */
async function yjsChange(random: Random, node: Node, {member, target}: {member: Member; target: Target}) {
  // Whatever its author may see: what they write of what they saw before is one of the cases.
  const stored = (await node.service.feed.readOne({...member, role: 'manager'}, target))!;
  const replica = createReplica(member, target);
  replica.generation = stored.generation;
  replica.receive(stored.state);
  const fields = Object.entries(fieldSamples[target.entity]);
  return replica.edit((doc) => {
    for (const [field, samples] of fields.filter(() => random.chance(0.2))) {
      const declared = entities[target.entity].fields[field]!;
      const at = Date.now() - random.integer(10_000);
      const sample = random.pick(samples);
      if (declared.kind === 'text') {
        const text = doc.getText(`text:${field}`);
        if (text.length > 0 && random.chance(0.4)) text.delete(0, 1 + random.integer(text.length));
        text.insert(random.integer(text.length + 1), 'Yjs 😀\n');
      } else if (declared.kind === 'set') {
        doc.getMap(`set:${field}`).set(sample as string, [at, random.chance(0.3) ? null : true]);
      } else if (declared.kind === 'items') {
        const item = random.chance(0.3) ? null : sample;
        doc.getMap(`items:${field}`).set(`item-${random.integer(4)}`, [at, item]);
      } else {
        doc.getMap('fields').set(field, [at, sample]);
      }
    }
    if (random.chance(0.05)) doc.getMap('fields').set('deletedAt', [Date.now(), {at: Date.now()}]);
  });
}

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

// I13 of docs/reliability.md.
test(`rows, documents, payloads, log and numbers agree after random changes of every entity (SEED=${seed})`, async () => {
  const random = randomFrom(seed);
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const members = [
    arena.manager,
    await arena.tenancy.onNewDevice(arena.manager),
    await arena.tenancy.newMember(arena.manager, 'employee'),
  ];
  const targets = names.flatMap((entity) => Array.from({length: 4}, () => ({entity, id: randomUUID()})));
  for (const target of targets) kept(await nodes[0]!.submit(jsonChange(random, arena.manager, target, true)));
  await nodes[0]!.submit({
    ...jsonSubmission(arena.manager, {entity: 'attachments', id: randomUUID(), payload: {}, named: false}),
    deviceId: '',
    change: {
      kind: 'server',
      entity: 'attachments',
      id: randomUUID(),
      creates: true,
      fields: {
        ownerType: 'tasks',
        ownerId: targets[0]!.id,
        fileName: 'Plan "A".pdf',
        sizeBytes: 17,
        status: 'pending',
      },
    },
  });
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < 30; round++) {
    const batch = Array.from({length: 20}, () => ({
      target: random.pick(targets),
      member: random.pick(members),
      node: random.pick(nodes),
    }));
    const submissions: {node: Node; submission: Submission}[] = [];
    for (const {target, member, node} of batch) {
      const submission = random.chance(0.5)
        ? jsonChange(random, member, target, false)
        : await yjsChange(random, node, {member, target});
      submissions.push({node, submission});
    }
    const receipts = await Promise.all(submissions.map(({node, submission}) => node.submit(submission)));
    for (const {kind} of receipts) outcomes[kind] = (outcomes[kind] ?? 0) + 1;
    if (random.chance(0.2)) random.pick(nodes).service.cache.clear();
  }
  // Each other's grants and losses make the two nodes decide again.
  expect(nodes.flatMap(({faults}) => faults.filter(({kind}) => kind !== 'access'))).toEqual([]);
  expect(outcomes['applied']).toBeGreaterThan(250);
  const report = await verifyDatabase({pool: arena.database.pool, keyring: arena.tenancy.keyring});
  expect(report.faults).toEqual([]);
  expect(report).toMatchObject({tenants: 1, records: targets.length + 1});
  expect(report.conflicts).toBeGreaterThan(0);
}, 120_000);
