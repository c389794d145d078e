// Attachments end to end, over both stores: what is announced, arrives, is checked, seen and removed; and every way to
// upload or read what one may not.
import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {nameOfKey} from '../files/file-store.ts';
import {createWorld, type Answer, type Person, type World} from '#test/support/world.ts';

interface Upload {
  readonly id: string;
  readonly url: string;
  readonly headers: Record<string, string>;
}
type Manager = Person & {readonly tenantId: string};

const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(300)]);
const photo = {kind: 'photo', fileName: 'pump.png', mimeType: 'image/png', sizeBytes: png.length};

describe.each(['disk', 's3'])('attachments in the %s store', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let maria: Manager;
  let ben: Person;
  let dana: Person;
  let taskId: string;
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
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
    who.post<Body>('/v1/attachments/presign', {
      id: randomUUID(),
      ownerType: 'tasks',
      ownerId: taskId,
      ...photo,
      ...more,
    });
  /** With fetch where the bucket is a server; the disk store is part of this one. */
  const send = async (url: string, init: RequestInit = {}): Promise<Response> =>
    kind === 's3' ? fetch(url, init) : world.app.fetch(new Request(url, init), '192.0.2.9');
  const put = async ({url, headers}: Pick<Upload, 'url' | 'headers'>, body: Buffer = png): Promise<number> =>
    (await send(url, {method: 'PUT', headers, body})).status;
  const complete = (who: Person, id: string) =>
    who.post<{status: string; code: string; fields: Record<string, string>}>('/v1/attachments/complete', {
      id,
    });
  const uploaded = async (who: Person = maria, more: object = {}): Promise<string> => {
    const {body} = await announce(who, more);
    expect(await put(body)).toBe(200);
    expect((await complete(who, body.id)).body.status).toBe('uploaded');
    return body.id;
  };
  const downloadOf = async (who: Person, id: string) =>
    (await who.get<{url: string}>(`/v1/attachments/${id}/presign`)).body;
  const inFeed = async (who: Person, id: string) =>
    (await who.pull()).changes.find(({entityId}) => entityId === id)?.payload?.['status'];

  /** Every file there is, by place and name. */
  const stored = async (): Promise<string[]> => {
    const names: string[] = [];
    for (const place of ['waiting', 'kept'] as const)
      for await (const {key} of world.service.files.list(place)) names.push(`${place}/${nameOfKey(key)}`);
    return names.toSorted();
  };

  test('a file is announced, uploaded, completed, seen in the feed, and downloaded as it was', async () => {
    const sha256 = createHash('sha256').update(png).digest('hex');
    const {status, body} = await announce(ben, {sha256});
    expect(status).toBe(201);
    expect(await inFeed(ben, body.id)).toBe('pending');
    expect(await put(body)).toBe(200);
    expect((await complete(ben, body.id)).body.status).toBe('uploaded');
    expect(await inFeed(ben, body.id)).toBe('uploaded');
    const {body: download} = await ben.get<{url: string}>(`/v1/attachments/${body.id}/presign`);
    const answer = await send(download.url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="pump.png"');
  });

  test('whoever does not see the record sees, completes, reads and removes nothing of it', async () => {
    const id = await uploaded(ben);
    expect(await inFeed(dana, id)).toBeUndefined();
    const stranger = await world.newManager();
    for (const who of [dana, stranger]) {
      expect((await announce(who)).status).toBe(404);
      expect((await complete(who, id)).status).toBe(404);
      expect((await who.get(`/v1/attachments/${id}/presign`)).status).toBe(404);
      expect((await who.send('DELETE', `/v1/attachments/${id}`)).status).toBe(404);
    }
    expect(
      (await announce<{code: string}>(dana, {id, ownerType: 'employees', ownerId: await employeeOf(dana)}))
        .status,
    ).toBe(404);
  });

  // The server that stands for S3 lets everybody in who signs nothing; a bucket that is not public does not.
  const unsigned = kind === 's3' ? [] : ['no signature'];
  test.each(['signature', 'key', 'type', 'length', 'short body', ...unsigned])(
    'an upload with another %s is refused',
    async (what) => {
      const {body} = await announce(maria);
      const url = new URL(body.url);
      const headers = {...body.headers};
      let bytes = png;
      if (what === 'signature') {
        const name = kind === 's3' ? 'X-Amz-Signature' : 'signature';
        const signature = url.searchParams.get(name) ?? '';
        url.searchParams.set(name, (signature.startsWith('a') ? 'b' : 'a') + signature.slice(1));
      }
      if (what === 'key') url.pathname = url.pathname.replace(body.id, randomUUID());
      if (what === 'type') headers['content-type'] = 'image/jpeg';
      if (what === 'length') {
        bytes = Buffer.concat([png, png]);
        headers['content-length'] = String(bytes.length);
      }
      if (what === 'no signature') url.search = '';
      if (what === 'short body') {
        bytes = png.subarray(0, 100);
        headers['content-length'] = '100';
      }
      expect(await put({url: url.href, headers}, bytes)).toBeGreaterThanOrEqual(400);
      expect((await complete(maria, body.id)).body.code).toBe('nothing_uploaded');
    },
  );

  test('a URL that has expired is refused', async () => {
    const {body} = await announce(maria);
    const url = new URL(body.url);
    if (kind === 's3') url.searchParams.set('X-Amz-Date', '20200101T000000Z');
    else url.searchParams.set('expires', '1577836800000');
    expect(await put({...body, url: url.href})).toBeGreaterThanOrEqual(400);
    expect((await complete(maria, body.id)).body.code).toBe('nothing_uploaded');
  });

  test('a download URL reads one file, and uploads nothing', async () => {
    const id = await uploaded();
    const other = await uploaded();
    const {body} = await maria.get<{url: string}>(`/v1/attachments/${id}/presign`);
    const swapped = new URL(body.url);
    swapped.pathname = new URL((await downloadOf(maria, other)).url).pathname;
    expect((await send(swapped.href)).status).toBeGreaterThanOrEqual(400);
    expect((await send(body.url)).status).toBe(200);
    const headers = {'content-type': 'image/png', 'content-length': String(png.length)};
    expect(await put({url: body.url, headers})).toBeGreaterThanOrEqual(400);
  });

  test.each([
    ['content of another type', {mimeType: 'application/pdf'}, 'mimeType'],
    ['another digest', {sha256: 'ab'.repeat(32)}, 'sha256'],
  ])('a file with %s is thrown away, and may be announced and uploaded again', async (_, wrong, field) => {
    const before = await stored();
    const {body} = await announce(maria, wrong);
    expect(await put(body)).toBe(200);
    const refusal = await complete(maria, body.id);
    expect(refusal.body.code).toBe('attachment_mismatch');
    expect(Object.keys(refusal.body.fields)).toEqual([field]);
    expect(await inFeed(maria, body.id)).toBe('failed');
    expect(await stored()).toEqual(before);
    expect((await complete(maria, body.id)).body.code).toBe('attachment_settled');
    const again = await announce(maria, {id: body.id});
    expect(await put(again.body)).toBe(200);
    expect((await complete(maria, body.id)).body.status).toBe('uploaded');
  });

  test('completing twice is the same as once; before the upload it is refused', async () => {
    const {body} = await announce(maria);
    expect((await complete(maria, body.id)).body.code).toBe('nothing_uploaded');
    await put(body);
    const before = (await stored()).filter((name) => name.startsWith('kept/'));
    const answers = await Promise.all([complete(maria, body.id), complete(maria, body.id)]);
    expect(answers.map((answer) => answer.body.status)).toEqual(['uploaded', 'uploaded']);
    expect((await complete(maria, body.id)).body.status).toBe('uploaded');
    const after = await stored();
    expect(after.filter((name) => name.startsWith('kept/'))).toHaveLength(before.length + 1);
    expect(after).not.toContain(`waiting/${maria.tenantId}/${body.id}`);
  });

  test('a new URL for the same id is good; once uploaded, neither URL replaces the file', async () => {
    const first = await announce(maria);
    const second = await announce(maria, {id: first.body.id});
    expect(second.status).toBe(201);
    await put(second.body);
    await complete(maria, first.body.id);
    const fake = Buffer.from(png).reverse();
    await put(first.body, fake);
    await complete(maria, first.body.id);
    const {body} = await maria.get<{url: string}>(`/v1/attachments/${first.body.id}/presign`);
    expect(Buffer.from(await (await send(body.url)).arrayBuffer()).equals(png)).toBe(true);
    expect((await announce<{code: string}>(maria, {id: first.body.id})).body.code).toBe('attachment_settled');
  });

  test('a deleted file is gone, and its record says so', async () => {
    const id = await uploaded(ben);
    const {body} = await ben.get<{url: string}>(`/v1/attachments/${id}/presign`);
    expect((await ben.send('DELETE', `/v1/attachments/${id}`)).status).toBe(204);
    expect((await ben.send('DELETE', `/v1/attachments/${id}`)).status).toBe(204);
    expect((await send(body.url)).status).toBe(404);
    expect(await inFeed(ben, id)).toBe('deleted');
    expect((await ben.get(`/v1/attachments/${id}/presign`)).status).toBe(409);
  });

  test('a path in a file name is only a name', async () => {
    const {body, status} = await announce(maria, {fileName: '../../etc/passwd'});
    expect(status).toBe(201);
    expect(new URL(body.url).pathname).not.toContain('passwd');
    await put(body);
    await complete(maria, body.id);
    const {body: download} = await maria.get<{url: string}>(`/v1/attachments/${body.id}/presign`);
    const answer = await send(download.url);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="passwd"');
    const url = new URL(body.url);
    url.pathname = url.pathname.replace(body.id, `..%2f..%2f${body.id}`);
    expect(await put({...body, url: url.href})).toBeGreaterThanOrEqual(400);
  });
});

async function employeeOf(person: Person): Promise<string> {
  const {body} = await person.get<{items: {id: string}[]}>('/v1/employees');
  return body.items[0]?.id ?? '';
}
