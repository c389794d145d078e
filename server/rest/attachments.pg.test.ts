// Attachments end to end, over both stores: what is announced, arrives, is checked, seen and removed.
import {createHash, randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {startLive} from '#test/support/live-world.ts';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {openUploads, png, type Upload, type Uploads} from '#test/support/uploads.ts';
import {startWsTransport} from '../live/ws-transport.ts';
import {createWorld, type Answer, type Person, type World} from '#test/support/world.ts';

type Manager = Person & {readonly tenantId: string};

describe.each(['disk', 's3'])('attachments in the %s store', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let maria: Manager;
  let uploads: Uploads;
  let ben: Person;
  let dana: Person;
  let taskId: string;
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
    uploads = openUploads(world);
    maria = await world.newManager();
    ben = await world.newMember(maria, 'employee');
    dana = await world.newMember(maria, 'employee');

    taskId = randomUUID();
    const own = await employeeOf(ben);
    const payload = {title: 'Fix the pump', employeeId: own};
    const [result] = await maria.push([{entity: 'tasks', entityId: taskId, payload}]);
    expect(result?.status).toBe('applied');
  });
  afterAll(async () => {
    await world.close();
    await bucket?.close();
  });

  const announce = <Body = Upload>(who: Person, more: object = {}): Promise<Answer<Body>> =>
    uploads.announce<Body>(who, {ownerType: 'tasks', ownerId: taskId, ...more});
  const uploaded = (who: Person = maria): Promise<string> =>
    uploads.upload(who, {ownerType: 'tasks', ownerId: taskId});
  const inFeed = async (who: Person, id: string) =>
    (await who.pull()).changes.find(({entityId}) => entityId === id)?.payload?.['status'];

  test('a file is announced, uploaded, completed, seen in the feed, and downloaded as it was', async () => {
    const sha256 = createHash('sha256').update(png).digest('hex');
    const {status, body} = await announce(ben, {sha256});
    expect(status).toBe(201);
    expect(await inFeed(ben, body.id)).toBe('pending');
    expect(await uploads.put(body)).toBe(200);
    expect((await uploads.complete(ben, body.id)).body.status).toBe('uploaded');
    expect(await inFeed(ben, body.id)).toBe('uploaded');
    const {body: download} = await ben.get<{url: string}>(`/v1/attachments/${body.id}/presign`);
    const answer = await uploads.send(download.url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="pump.png"');
  });

  test('whoever does not see the record sees, completes, reads and removes nothing of it', async () => {
    const id = await uploaded(ben);
    expect(await inFeed(dana, id)).toBeUndefined();
    const stranger = await world.newManager();
    for (const who of [dana, stranger]) {
      expect((await announce(who)).status).toBe(404);
      expect((await uploads.complete(who, id)).status).toBe(404);
      expect((await who.get(`/v1/attachments/${id}/presign`)).status).toBe(404);
      expect((await who.send('DELETE', `/v1/attachments/${id}`)).status).toBe(404);
    }
    expect(
      (await announce<{code: string}>(dana, {id, ownerType: 'employees', ownerId: await employeeOf(dana)}))
        .status,
    ).toBe(404);
  });

  test.each([
    ['content of another type', {mimeType: 'application/pdf'}, 'mimeType'],
    ['another digest', {sha256: 'ab'.repeat(32)}, 'sha256'],
  ])('a file with %s is thrown away, and may be announced and uploaded again', async (_, wrong, field) => {
    const before = await uploads.stored();
    const {body} = await announce(maria, wrong);
    expect(await uploads.put(body)).toBe(200);
    const refusal = await uploads.complete(maria, body.id);
    expect(refusal.body.code).toBe('attachment_mismatch');
    expect(Object.keys(refusal.body.fields)).toEqual([field]);
    expect(await inFeed(maria, body.id)).toBe('failed');
    expect(await uploads.stored()).toEqual(before);
    expect((await uploads.complete(maria, body.id)).body.code).toBe('attachment_settled');
    const again = await announce(maria, {id: body.id});
    expect(await uploads.put(again.body)).toBe(200);
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
  });

  test('completing twice is the same as once; before the upload it is refused', async () => {
    const {body} = await announce(maria);
    expect((await uploads.complete(maria, body.id)).body.code).toBe('nothing_uploaded');
    await uploads.put(body);
    const before = (await uploads.stored()).filter((name) => name.startsWith('kept/'));
    const answers = await Promise.all([uploads.complete(maria, body.id), uploads.complete(maria, body.id)]);
    expect(answers.map((answer) => answer.body.status)).toEqual(['uploaded', 'uploaded']);
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    const after = await uploads.stored();
    expect(after.filter((name) => name.startsWith('kept/'))).toHaveLength(before.length + 1);
    expect(after).not.toContain(`waiting/${maria.tenantId}/${body.id}`);
  });

  test('what was checked is what is kept, though something else is uploaded meanwhile', async () => {
    const {body} = await announce(maria);
    await uploads.put(body);
    const {files} = world.service;
    const readStart = files.readStart.bind(files);
    const checked = vi.spyOn(files, 'readStart').mockImplementationOnce(async (...asked) => {
      const start = await readStart(...asked);
      expect(await uploads.put(body, Buffer.from(png).reverse())).toBe(200);
      return start;
    });
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    expect(checked).toHaveBeenCalledTimes(1);
    checked.mockRestore();
    const {body: download} = await maria.get<{url: string}>(`/v1/attachments/${body.id}/presign`);
    const answer = await uploads.send(download.url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
  });

  test('a new URL for the same id is good; once uploaded, neither URL replaces the file', async () => {
    const first = await announce(maria);
    const second = await announce(maria, {id: first.body.id});
    expect(second.status).toBe(201);
    await uploads.put(second.body);
    await uploads.complete(maria, first.body.id);
    const fake = Buffer.from(png).reverse();
    await uploads.put(first.body, fake);
    await uploads.complete(maria, first.body.id);
    const {body} = await maria.get<{url: string}>(`/v1/attachments/${first.body.id}/presign`);
    expect(Buffer.from(await (await uploads.send(body.url)).arrayBuffer()).equals(png)).toBe(true);
    expect((await announce<{code: string}>(maria, {id: first.body.id})).body.code).toBe('attachment_settled');
  });

  if (kind === 's3')
    test('while the bucket is away, a device is told to try again', async () => {
      const {body} = await announce(maria);
      const elsewhere = await startS3Server();
      const files = elsewhere.openFiles({cipherOf: () => Promise.reject(new Error()), now: Date.now});
      await elsewhere.close();
      const away = vi.spyOn(world.service.files, 'accept').mockImplementation(files.accept.bind(files));
      const {status, body: refusal} = await uploads.complete(maria, body.id);
      expect([status, refusal.code]).toEqual([503, 'not_ready']);
      away.mockRestore();
      await uploads.put(body);
      expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    });

  test('live devices of those who see the record are told, and no others', async () => {
    const live = await startLive(world, {start: startWsTransport});
    const [ours, theirs] = [await live.connect(ben.onNewDevice()), await live.connect(dana.onNewDevice())];
    const id = await uploaded(maria);
    await ours.until(() => ours.shown('attachments', id)['status'] === 'uploaded');
    const later = randomUUID();
    const payload = {title: 'Paint the door', employeeId: await employeeOf(dana)};
    await maria.push([{entity: 'tasks', entityId: later, payload}]);
    await theirs.until(() => theirs.records.has(`tasks/${later}`));
    expect(theirs.records.has(`attachments/${id}`)).toBe(false);
  });

  test('a deleted file is gone, and its record says so', async () => {
    const id = await uploaded(ben);
    const {body} = await ben.get<{url: string}>(`/v1/attachments/${id}/presign`);
    expect((await ben.send('DELETE', `/v1/attachments/${id}`)).status).toBe(204);
    expect((await ben.send('DELETE', `/v1/attachments/${id}`)).status).toBe(204);
    expect((await uploads.send(body.url)).status).toBe(404);
    expect(await inFeed(ben, id)).toBe('deleted');
    expect((await ben.get(`/v1/attachments/${id}/presign`)).status).toBe(409);
  });
});

async function employeeOf(person: Person): Promise<string> {
  const {body} = await person.get<{items: {id: string}[]}>('/v1/employees');
  return body.items[0]?.id ?? '';
}
