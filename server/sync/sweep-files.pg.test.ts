// What is removed in time, and what never is, in both stores. The clock is the sweep's own: it is set forward.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {openUploads, type Uploads} from '#test/support/uploads.ts';
import {createWorld, type Person, type World} from '#test/support/world.ts';
import {WAIT} from '#test/support/wait.ts';
import {saveFile} from '../files/server-files.ts';
import {silentLogger} from '../logger.ts';
import {maintain, startMaintenance} from '../maintenance.ts';
import {expireUploads, removeOrphans, type SweepDeps} from './sweep-files.ts';

const HOUR_MS = 60 * 60_000;

describe.each(['disk', 's3'])('files that nobody needs, in the %s store', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let uploads: Uploads;
  let maria: Person & {tenantId: string};
  let owner: {ownerType: string; ownerId: string};
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
    uploads = openUploads(world);
  });
  beforeEach(async () => {
    maria = await world.newManager();
    const ownerId = randomUUID();
    await maria.push([{entity: 'tasks', entityId: ownerId, payload: {title: 'Fix the pump'}}]);
    owner = {ownerType: 'tasks', ownerId};
  });
  afterAll(async () => {
    await world.close();
    await bucket?.close();
  });
  const inHours = (hours: number): SweepDeps => ({
    ...world.service,
    now: () => Date.now() + hours * HOUR_MS,
  });
  const statusOf = async (id: string) =>
    (await maria.pull()).changes.find(({entityId}) => entityId === id)?.payload?.['status'];
  const waiting = (id: string): string => `waiting/${maria.tenantId}/${id}`;
  const keyOf = async (id: string): Promise<string> => {
    const {payload} = (await maria.pull()).changes.find(({entityId}) => entityId === id) ?? {};
    return `kept/${String(payload?.['key'])}`;
  };

  test('an upload is waited for a day; then it has failed, on every device, and what came of it goes', async () => {
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    await expireUploads(inHours(23.9));
    expect([await statusOf(body.id), (await uploads.stored()).includes(waiting(body.id))]).toEqual([
      'pending',
      true,
    ]);
    await maintain({service: inHours(24.1), log: silentLogger});
    expect(await statusOf(body.id)).toBe('failed');
    expect(await uploads.stored()).not.toContain(waiting(body.id));
    expect((await uploads.complete(maria, body.id)).body.code).toBe('attachment_settled');
  });

  test('a device that comes back later announces the same upload again', async () => {
    const {body} = await uploads.announce(maria, owner);
    await expireUploads(inHours(24.1));
    const again = await uploads.announce(maria, {...owner, id: body.id});
    expect(await uploads.put(again.body)).toBe(200);
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
  });

  test('an upload that is completed while it expires stays', async () => {
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    const deps = inHours(24.1);
    const submit: SweepDeps['lanes']['submit'] = async (submission) => {
      if (submission.change.id === body.id) await uploads.complete(maria, body.id);
      return deps.lanes.submit(submission);
    };
    await expireUploads({...deps, lanes: {...deps.lanes, submit}});
    expect(await statusOf(body.id)).toBe('uploaded');
    expect(await uploads.stored()).toContain(await keyOf(body.id));
  });

  test('an upload that cannot be given up does not keep the others', async () => {
    const [first, second] = [await uploads.announce(maria, owner), await uploads.announce(maria, owner)];
    const deps = inHours(24.1);
    const submit: SweepDeps['lanes']['submit'] = (submission) =>
      submission.change.id === first.body.id
        ? Promise.reject(new Error('It always fails.'))
        : deps.lanes.submit(submission);
    await expect(expireUploads({...deps, lanes: {...deps.lanes, submit}})).rejects.toThrow();
    expect([await statusOf(first.body.id), await statusOf(second.body.id)]).toEqual(['pending', 'failed']);
    await expireUploads(deps);
  });

  test('files that attachments name, or wait for, are never swept', async () => {
    const uploaded = await uploads.upload(maria, owner);
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    await removeOrphans(inHours(1_000));
    expect(await uploads.stored()).toEqual(expect.arrayContaining([await keyOf(uploaded), waiting(body.id)]));
  });

  test('what a late upload brought, and what a stopped server left, goes after an hour and not before', async () => {
    const {body} = await uploads.announce(maria, owner);
    await uploads.put(body);
    await uploads.complete(maria, body.id);
    await uploads.put(body);
    const left = {tenantId: maria.tenantId as TenantId, id: randomUUID()};
    await saveFile(world.service.files, {...left, bytes: Buffer.from('x'), mimeType: 'application/pdf'});
    const orphans = [waiting(body.id), `kept/${left.tenantId}/${left.id}`];
    await removeOrphans(inHours(0.9));
    expect(await uploads.stored()).toEqual(expect.arrayContaining(orphans));
    expect((await removeOrphans(inHours(1.1))).removed).toBeGreaterThanOrEqual(orphans.length);
    const stored = await uploads.stored();
    expect(orphans.filter((name) => stored.includes(name))).toEqual([]);
    expect(stored).toContain(await keyOf(body.id));
  });

  test('the file of a deleted attachment goes with the sweep if it did not go at once', async () => {
    const id = await uploads.upload(maria, owner);
    const key = await keyOf(id);
    const {files} = world.service;
    const away = vi.spyOn(files, 'remove').mockRejectedValue(new Error('The store is away.'));
    await maria.send('DELETE', `/v1/attachments/${id}`);
    away.mockRestore();
    expect([await statusOf(id), (await uploads.stored()).includes(key)]).toEqual(['deleted', true]);
    await removeOrphans(inHours(1.1));
    expect(await uploads.stored()).not.toContain(key);
  });

  test('files of a tenant that this database does not know are left alone', async () => {
    const stranger = {tenantId: maria.tenantId as TenantId, id: randomUUID()};
    await saveFile(world.service.files, {...stranger, bytes: Buffer.from('x'), mimeType: 'application/pdf'});
    const elsewhere = await createWorld();
    const swept = await removeOrphans({
      ...elsewhere.service,
      files: world.service.files,
      now: inHours(1_000).now,
    });
    await elsewhere.close();
    expect(swept.removed).toBe(0);
    expect(swept.foreign).toBeGreaterThan(0);
    expect(await uploads.stored()).toContain(`kept/${stranger.tenantId}/${stranger.id}`);
  });

  test('the server gives up uploads every hour, and goes through its files in the first and once a day', async () => {
    const {body} = await uploads.announce(maria, owner);
    vi.useFakeTimers({toFake: ['setInterval', 'clearInterval']});
    onTestFinished(() => void vi.useRealTimers());
    const listed = vi.spyOn(world.service.files, 'list');
    const stop = startMaintenance({service: inHours(24.1), log: silentLogger});
    expect(await statusOf(body.id)).toBe('pending');
    vi.advanceTimersByTime(HOUR_MS);
    await vi.waitFor(() => expect(listed.mock.calls).toEqual([['waiting'], ['kept']]), WAIT);
    expect(await statusOf(body.id)).toBe('failed');
    vi.advanceTimersByTime(24 * HOUR_MS);
    await vi.waitFor(() => expect(listed.mock.calls.length).toBeGreaterThanOrEqual(4), WAIT);
    await stop();
    expect(listed).toHaveBeenCalledTimes(4);
    listed.mockRestore();
  });

  test('a sweep that is told to stop removes nothing more', async () => {
    const left = {tenantId: maria.tenantId as TenantId, id: randomUUID()};
    await saveFile(world.service.files, {...left, bytes: Buffer.from('x'), mimeType: 'application/pdf'});
    expect(await removeOrphans(inHours(2), AbortSignal.abort())).toMatchObject({removed: 0});
    expect(await uploads.stored()).toContain(`kept/${left.tenantId}/${left.id}`);
  });
});
