// Who may attach, and how much, as decided with the change itself: what changes between a request's first look and its
// commit, on another node too, counts.
import {randomUUID} from 'node:crypto';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {STORAGE_BYTES_MAX, STORAGE_FILES_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {withTenant} from '#db/transaction.ts';
import {openUploads, png, type Upload, type Uploads} from '#test/support/uploads.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
/** On the same database. */
let other: World;
let uploads: Uploads;
let maria: Person & {tenantId: string};
beforeAll(async () => {
  world = await createWorld();
  other = await createWorld({nextTo: world});
  uploads = openUploads(world);
});
beforeEach(async () => {
  maria = await world.newManager();
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await other.close();
  await world.close();
});

const statusOf = async (id: string) =>
  (await maria.pull()).changes.find(({entityId}) => entityId === id)?.payload?.['status'];
const pushed = async (who: Person, change: object): Promise<void> => {
  expect((await who.push([change]))[0]?.status).toBe('applied');
};
const newTask = async (payload: object = {}): Promise<{ownerType: string; ownerId: string}> => {
  const ownerId = randomUUID();
  await pushed(maria, {entity: 'tasks', entityId: ownerId, payload: {title: 'Fix the pump', ...payload}});
  return {ownerType: 'tasks', ownerId};
};

describe('a right that is lost before the commit', () => {
  let ben: Person;
  let employeeId: string;
  let dana: string;
  const employeeOf = async (person: Person): Promise<string> =>
    (await person.get<{items: {id: string}[]}>('/v1/employees')).body.items[0]?.id ?? '';
  beforeEach(async () => {
    ben = await world.newMember(maria, 'employee');
    employeeId = await employeeOf(ben);
    dana = await employeeOf(await world.newMember(maria, 'employee'));
  });

  const newExpense = async () => {
    const ownerId = randomUUID();
    const payload = {kind: 'expense', employeeId, status: 'submitted'};
    await pushed(ben, {entity: 'finance_entries', entityId: ownerId, payload});
    return {ownerType: 'finance_entries', ownerId};
  };
  /** Each with what Ben may attach to, and what takes that from him. */
  const losses: Record<
    string,
    {code: string; newOwner: () => ReturnType<typeof newTask>; lose: (ownerId: string) => Promise<unknown>}
  > = {
    'the task was given to somebody else': {
      code: 'not_found',
      newOwner: () => newTask({employeeId}),
      lose: (entityId) => pushed(other.here(maria), {entity: 'tasks', entityId, payload: {employeeId: dana}}),
    },
    'the expense was approved': {
      code: 'forbidden',
      newOwner: newExpense,
      lose: (entityId) =>
        pushed(other.here(maria), {entity: 'finance_entries', entityId, payload: {status: 'approved'}}),
    },
    'the membership ended': {
      code: 'no_membership',
      newOwner: () => newTask({employeeId}),
      async lose() {
        const {body} = await ben.in(null).get<{id: string}>('/v1/me');
        const path = `/v1/tenants/${maria.tenantId}/members/${body.id}`;
        expect((await other.here(maria).send('DELETE', path)).status).toBeLessThan(300);
      },
    },
    'the device was revoked': {
      code: 'no_membership',
      newOwner: () => newTask({employeeId}),
      async lose() {
        const path = `/v1/devices/${ben.deviceId}`;
        expect((await other.here(maria).send('DELETE', path)).status).toBeLessThan(300);
      },
    },
  };
  const cases = Object.keys(losses).flatMap((loss) =>
    ['announce', 'complete', 'delete'].map((step) => ({loss, step})),
  );

  test.each(cases)('$loss: $step is refused and leaves all as it was', async ({loss, step}) => {
    const {code, newOwner, lose} = losses[loss]!;
    const owner = await newOwner();
    const announced = step === 'announce' ? null : (await uploads.announce(ben, owner)).body;
    if (announced !== null) await uploads.put(announced);
    if (step === 'delete') await uploads.complete(ben, announced!.id);
    const before = [announced && (await statusOf(announced.id)), await uploads.stored()];

    const {lanes} = world.service;
    const submit = lanes.submit.bind(lanes);
    const late = vi.spyOn(lanes, 'submit').mockImplementationOnce(async (submission) => {
      await lose(owner.ownerId);
      return submit(submission);
    });
    const ask = {
      announce: () => uploads.announce<ProblemBody>(ben, owner),
      complete: () => uploads.complete(ben, announced!.id),
      delete: () => ben.send<ProblemBody>('DELETE', `/v1/attachments/${announced!.id}`),
    }[step]!;
    const {status, body} = await ask();
    expect(late).toHaveBeenCalledTimes(1);
    expect([status >= 400, body.code]).toEqual([true, code]);
    expect([announced && (await statusOf(announced.id)), await uploads.stored()]).toEqual(before);
    const {changes} = await maria.pull();
    expect(changes.filter(({entity}) => entity === 'attachments')).toHaveLength(announced === null ? 0 : 1);
  });

  test('nothing is announced for a record that was deleted meanwhile', async () => {
    const owner = await newTask();
    const {lanes} = world.service;
    const submit = lanes.submit.bind(lanes);
    vi.spyOn(lanes, 'submit').mockImplementationOnce(async (submission) => {
      await other.here(maria).send('DELETE', `/v1/tasks/${owner.ownerId}`);
      return submit(submission);
    });
    expect((await uploads.announce(maria, owner)).status).toBe(404);
  });

  test('a commit that was made, and made again because nobody knew, holds', async () => {
    const owner = await newTask();
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    const {lanes} = world.service;
    const submit = lanes.submit.bind(lanes);
    vi.spyOn(lanes, 'submit').mockImplementationOnce(async (submission) => {
      await submit(submission);
      return submit(submission);
    });
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    const {body: download} = await maria.get<{url: string}>(`/v1/attachments/${body.id}/presign`);
    const answer = await uploads.send(download.url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
  });

  test('what was announced before may be completed and deleted when its record is', async () => {
    const owner = await newTask();
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    await maria.send('DELETE', `/v1/tasks/${owner.ownerId}`);
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    expect((await maria.send('DELETE', `/v1/attachments/${body.id}`)).status).toBe(204);
  });
});

describe('what a tenant may keep', () => {
  const ROOM = 5;
  /** As if others had uploaded all but room for a few photos. */
  const fill = (files: number, bytes: number): Promise<unknown> =>
    withTenant(world.database.database.pool, maria.tenantId as TenantId, (client) =>
      client.query(
        `INSERT INTO attachments (tenant_id, id, status, size_bytes, created_at, created_by, updated_at, updated_by, seq)
         SELECT $1, gen_random_uuid(), 'uploaded', CASE WHEN n = 1 THEN $3::bigint - ($2 - 1) * ($3 / $2) ELSE $3 / $2 END,
           now(), gen_random_uuid(), now(), gen_random_uuid(), 0
         FROM generate_series(1, $2::int) AS n`,
        [maria.tenantId, files, bytes],
      ),
    );
  /** Each node about a record of its own, so that no lock of a record keeps them apart. */
  const manyAtOnce = async (
    owners: readonly object[],
  ): Promise<{id: string; status: number; code: string}[]> => {
    const nodes = [maria, other.here(maria)];
    const answers = await Promise.all(
      Array.from({length: ROOM * 3}, (_, index) =>
        uploads.announce<Upload & ProblemBody>(nodes[index % 2]!, owners[index % 2]!),
      ),
    );
    return answers.map(({status, body}) => ({id: body.id, status, code: body.code}));
  };

  test.each([
    ['bytes', 20, STORAGE_BYTES_MAX - ROOM * png.length - png.length + 1],
    ['files', STORAGE_FILES_MAX - ROOM, STORAGE_FILES_MAX],
  ])('is a number of %s, to the last one, on all nodes at once', async (_, files, bytes) => {
    await fill(files, bytes);
    const owner = await newTask();
    const answers = await manyAtOnce([owner, await newTask()]);
    const taken = answers.filter(({status}) => status === 201);
    expect(taken).toHaveLength(ROOM);
    expect(answers.filter(({code}) => code === 'storage_full')).toHaveLength(ROOM * 2);

    const [first, second] = taken;
    const ofFirst = (await maria.pull()).changes.find(({entityId}) => entityId === first!.id)?.payload;
    const again = await uploads.announce(maria, {...owner, ownerId: ofFirst?.['ownerId'], id: first!.id});
    expect(again.status).toBe(201);
    await uploads.put(again.body);
    expect((await uploads.complete(maria, first!.id)).body.status).toBe('uploaded');
    expect((await uploads.announce(maria, owner)).status).toBe(413);

    await maria.send('DELETE', `/v1/attachments/${second!.id}`);
    expect((await uploads.announce(maria, owner)).status).toBe(201);
    expect((await uploads.announce(maria, owner)).status).toBe(413);
  });

  test('an upload that failed needs room again when it is announced again', async () => {
    const owner = await newTask();
    const {body} = await uploads.announce(maria, {...owner, sha256: 'ab'.repeat(32)});
    await uploads.put(body);
    expect((await uploads.complete(maria, body.id)).body.code).toBe('attachment_mismatch');
    await fill(20, STORAGE_BYTES_MAX);
    const again = await uploads.announce<ProblemBody>(maria, {...owner, id: body.id});
    expect([again.status, again.body.code]).toEqual([413, 'storage_full']);
    expect(await statusOf(body.id)).toBe('failed');
  });
});
