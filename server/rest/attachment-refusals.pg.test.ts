// Every way to upload or read what one may not, in both stores. Each refusal is of something that is let in when nothing
// is wrong with it: that is tried right after.
import {randomUUID} from 'node:crypto';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {ATTACHMENT_BYTES_MAX} from '#crdt/entities/attachments.ts';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {openUploads, png, type Upload, type Uploads} from '#test/support/uploads.ts';
import {createWorld, type Answer, type Person, type ProblemBody, type World} from '#test/support/world.ts';
import {createDiskStore} from '../files/disk-store.ts';
import {DOWNLOAD_URL_MS, UPLOAD_URL_MS, type FileKey, type FileStore} from '../files/file-store.ts';

const MINUTE_MS = 60_000;

interface Attempt {
  url: URL;
  method: string;
  headers: Record<string, string>;
  bytes: Buffer;
}
interface Tampering {
  readonly what: string;
  readonly tamper: (attempt: Attempt) => void;
}

describe.each(['disk', 's3'])('the %s store refuses', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let uploads: Uploads;
  let maria: Person & {tenantId: string};
  let stranger: Person & {tenantId: string};
  let owner: {ownerType: string; ownerId: string};
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
    uploads = openUploads(world);
    maria = await world.newManager();
    stranger = await world.newManager();
    owner = await newTask(maria);
  });
  afterAll(async () => {
    await world.close();
    await bucket?.close();
  });

  const announce = <Body = Upload>(terms: object = {}): Promise<Answer<Body>> =>
    uploads.announce<Body>(maria, {...owner, ...terms});
  const downloadUrl = async (id: string): Promise<string> =>
    (await maria.get<{url: string}>(`/v1/attachments/${id}/presign`)).body.url;
  const send = ({url, method, headers, bytes}: Attempt): Promise<Response> =>
    uploads.send(url.href, {
      method,
      headers,
      ...(method === 'GET' ? {} : {body: new Uint8Array(bytes)}),
    });
  /** The same files, by a server whose clock is set back. */
  const storeBefore = (ms: number): FileStore => {
    const deps = {
      cipherOf: (tenantId: TenantId) => world.service.tenantKeys.cipherOf(tenantId),
      now: () => Date.now() - ms,
    };
    return bucket?.openFiles(deps) ?? createDiskStore({folder: join(world.dataDir, 'files'), ...deps});
  };
  const signatureName = kind === 's3' ? 'X-Amz-Signature' : 'signature';
  const anyUrl: Tampering[] = [
    {
      what: 'signature',
      tamper({url}) {
        const signature = url.searchParams.get(signatureName) ?? '';
        url.searchParams.set(signatureName, (signature.startsWith('a') ? 'b' : 'a') + signature.slice(1));
      },
    },
    {what: 'signature left out', tamper: ({url}) => url.searchParams.delete(signatureName)},
    {
      what: 'no query at all',
      tamper({url}) {
        url.search = '';
      },
    },
    {
      what: 'file id',
      tamper({url}) {
        url.pathname = url.pathname.replace(/[^/]+$/, randomUUID());
      },
    },
    {
      what: 'tenant',
      tamper({url}) {
        url.pathname = url.pathname.replace(maria.tenantId, stranger.tenantId);
      },
    },
    {
      what: 'way out of its folder',
      tamper({url}) {
        url.pathname = url.pathname.replace(/[^/]+$/, `..%2f..%2f${randomUUID()}`);
      },
    },
    {
      what: 'end of its time',
      tamper({url}) {
        const [name, later] =
          kind === 's3' ? ['X-Amz-Expires', '86400'] : ['expires', String(Date.now() + 86_400_000)];
        url.searchParams.set(name, later);
      },
    },
  ];

  test.each<Tampering>([
    ...anyUrl,
    {
      what: 'type',
      tamper({headers}) {
        headers['content-type'] = 'image/jpeg';
      },
    },
    {
      what: 'longer content',
      tamper(attempt) {
        attempt.bytes = Buffer.concat([png, png]);
        attempt.headers['content-length'] = String(attempt.bytes.length);
      },
    },
    {
      what: 'shorter content',
      tamper(attempt) {
        attempt.bytes = png.subarray(0, 100);
        attempt.headers['content-length'] = '100';
      },
    },
  ])('an upload with another $what', async ({tamper}) => {
    const {body} = await announce();
    const before = await uploads.stored();
    const attempt = {url: new URL(body.url), method: 'PUT', headers: {...body.headers}, bytes: png};
    tamper(attempt);
    expect((await send(attempt)).status).toBeGreaterThanOrEqual(400);
    expect(await uploads.stored()).toEqual(before);
    expect((await uploads.complete(maria, body.id)).body.code).toBe('nothing_uploaded');
    expect(await uploads.put(body)).toBe(200);
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
  });

  test.each<Tampering>([
    ...anyUrl,
    {
      what: 'method',
      tamper(attempt) {
        attempt.method = 'PUT';
        attempt.headers = {'content-type': 'image/png', 'content-length': String(png.length)};
      },
    },
    {
      what: 'name to be saved as',
      tamper({url}) {
        const name = kind === 's3' ? 'response-content-disposition' : 'name';
        url.searchParams.set(name, 'inline');
      },
    },
    {
      what: 'type to be shown as',
      tamper({url}) {
        url.searchParams.set(kind === 's3' ? 'response-content-type' : 'type', 'text/html');
      },
    },
  ])('a download with another $what', async ({tamper}) => {
    const id = await uploads.upload(maria, owner);
    const url = await downloadUrl(id);
    const attempt = {url: new URL(url), method: 'GET', headers: {}, bytes: png};
    tamper(attempt);
    const refusal = await send(attempt);
    expect(refusal.status).toBeGreaterThanOrEqual(400);
    expect(Buffer.from(await refusal.arrayBuffer()).includes(png)).toBe(false);
    const answer = await uploads.send(url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
  });

  test('URLs whose time is over, and takes those whose time is not', async () => {
    const {body} = await announce();
    const waiting: FileKey = {tenantId: maria.tenantId as TenantId, id: body.id};
    const terms = {mimeType: 'image/png', sizeBytes: png.length, origin: 'http://test'};
    const upload = (ageMs: number) => storeBefore(ageMs).signUpload(waiting, terms);
    expect(await uploads.put(await upload(UPLOAD_URL_MS + MINUTE_MS))).toBeGreaterThanOrEqual(400);
    expect((await uploads.complete(maria, body.id)).body.code).toBe('nothing_uploaded');
    expect(await uploads.put(await upload(UPLOAD_URL_MS - MINUTE_MS))).toBe(200);
    const {key} = (await uploads.complete(maria, body.id)).body;

    const kept = {...waiting, id: key?.split('/').at(-1) ?? ''};
    const read = async (ageMs: number): Promise<number> => {
      const how = {mimeType: 'image/png', fileName: 'pump.png', origin: 'http://test'};
      return (await uploads.send((await storeBefore(ageMs).signDownload(kept, how)).url)).status;
    };
    expect(await read(DOWNLOAD_URL_MS + MINUTE_MS)).toBeGreaterThanOrEqual(400);
    expect(await read(DOWNLOAD_URL_MS - MINUTE_MS)).toBe(200);
  });

  test.each([
    ['a type it does not have', {mimeType: 'application/pdf'}, 'mimeType'],
    ['a digest it does not have', {sha256: 'ab'.repeat(32)}, 'sha256'],
  ])('a file announced with %s', async (_, wrong, field) => {
    const before = await uploads.stored();
    const {body} = await announce(wrong);
    expect(await uploads.put(body)).toBe(200);
    const {code, fields} = (await uploads.complete(maria, body.id)).body;
    expect([code, Object.keys(fields)]).toEqual(['attachment_mismatch', [field]]);
    expect(await uploads.stored()).toEqual(before);
  });

  test.each([
    ['length', {sizeBytes: png.length + 1}, 'sizeBytes', 'is not the length of what arrived'],
    ['type', {mimeType: 'image/jpeg'}, 'mimeType', 'is not the type it was sent as'],
  ])('a file that was uploaded before another %s was announced', async (_, terms, field, fault) => {
    const {body} = await announce();
    expect(await uploads.put(body)).toBe(200);
    expect((await announce({id: body.id, ...terms})).status).toBe(201);
    const {code, fields} = (await uploads.complete(maria, body.id)).body;
    expect([code, fields]).toEqual(['attachment_mismatch', {[field]: fault}]);
  });

  test.each([
    ['no content', {sizeBytes: 0}],
    ['more than a file may have', {sizeBytes: ATTACHMENT_BYTES_MAX + 1}],
    ['a type that is not taken', {mimeType: 'image/svg+xml'}],
    ['an id that is none', {id: '../../etc/passwd'}],
    ['a name with a line break', {fileName: 'a\r\nSet-Cookie: b.png'}],
    ['an owner that has no files', {ownerType: 'teams'}],
  ])('what is announced with %s', async (_, terms) => {
    expect((await announce<ProblemBody>(terms)).status).toBe(400);
  });

  test("another tenant's files, whatever they are asked for", async () => {
    const id = await uploads.upload(maria, owner);
    const path = `/v1/attachments/${id}`;
    const unknown = `/v1/attachments/${randomUUID()}`;
    expect((await stranger.get(`${path}/presign`)).status).toBe(404);
    expect((await stranger.send('DELETE', path)).status).toBe(404);
    expect((await uploads.complete(stranger, id)).status).toBe(404);
    expect((await uploads.announce(stranger, owner)).status).toBe(404);
    // Word for word as of an id that nobody has.
    const of = async (asked: Promise<Answer>): Promise<unknown> => ({
      ...((await asked).body as object),
      requestId: '',
      instance: '',
    });
    expect(await of(stranger.get(`${path}/presign`))).toEqual(await of(stranger.get(`${unknown}/presign`)));
    expect((await maria.get(`${path}/presign`)).status).toBe(200);
  });

  test('to mix files of two tenants that use one id', async () => {
    const {body: mine} = await announce();
    const theirs = await uploads.announce(stranger, {...(await newTask(stranger)), id: mine.id});
    expect(theirs.status).toBe(201);
    expect(await uploads.put(theirs.body)).toBe(200);
    expect((await uploads.complete(maria, mine.id)).body.code).toBe('nothing_uploaded');
    expect((await uploads.complete(stranger, mine.id)).body.status).toBe('uploaded');
    expect((await maria.get(`/v1/attachments/${mine.id}/presign`)).status).toBe(409);
  });

  test.each([
    ['../../etc/passwd', 'filename="passwd"'],
    ['..\\..\\boot.ini', 'filename="boot.ini"'],
    ['/var/www/x.png', 'filename="x.png"'],
    ['....//....//x.png', 'filename="x.png"'],
    ['..', 'filename="file"'],
    ['.htaccess', 'filename="htaccess"'],
    [
      'a"; filename="b.html',
      `filename="a__ filename__b.html"; filename*=UTF-8''a%22%3B%20filename%3D%22b.html`,
    ],
    ['Größe 😀.png', 'filename="Gr__e _.png"; filename*=UTF-8\'\'Gr%C3%B6%C3%9Fe%20%F0%9F%98%80.png'],
  ])('to take the name %j for a path', async (fileName, expected) => {
    const {body} = await announce({fileName});
    expect(new URL(body.url).pathname).toMatch(new RegExp(`/${maria.tenantId}/${body.id}$`));
    await uploads.put(body);
    await uploads.complete(maria, body.id);
    const url = await downloadUrl(body.id);
    if (kind === 's3') {
      expect(new URL(url).searchParams.get('response-content-disposition')).toBe(`attachment; ${expected}`);
      // The server that stands for S3 signs some marks otherwise than S3 does.
      if (expected.includes('*')) return;
    }
    const answer = await uploads.send(url);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; ${expected}`);
    expect(answer.headers.get('content-type')).toBe('image/png');
    await answer.arrayBuffer();
    if (kind === 'disk')
      expect((await readdir(join(world.dataDir, 'files'))).sort()).toEqual(['kept', 'waiting']);
  });
});

async function newTask(who: Person): Promise<{ownerType: string; ownerId: string}> {
  const ownerId = randomUUID();
  await who.push([{entity: 'tasks', entityId: ownerId, payload: {title: 'Fix the pump'}}]);
  return {ownerType: 'tasks', ownerId};
}
