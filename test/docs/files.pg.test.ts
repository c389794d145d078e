// docs/files.md keeps its word: its settings are read as they stand, and its CORS policy lets a browser do what an app
// does, and nobody else.
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {expect, onTestFinished, test} from 'vitest';
import {startS3Server} from '#test/support/file-stores.ts';
import {openUploads, png} from '#test/support/uploads.ts';
import {createWorld} from '#test/support/world.ts';
import {readConfig} from '#server/config.ts';

const page = readFileSync('docs/files.md', 'utf8');

/** The first block of a language, without the indent of its list. */
function blockOf(language: string): string {
  const block = new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'm').exec(page);
  return (block?.[2] ?? '').replaceAll(new RegExp(`^${block?.[1] ?? ''}`, 'gm'), '');
}

interface CorsRule {
  readonly AllowedOrigins: readonly string[];
  readonly AllowedMethods: readonly string[];
  readonly AllowedHeaders: readonly string[];
  readonly MaxAgeSeconds: number;
}

/** The same in the form that S3 takes. */
function corsXml(rules: readonly CorsRule[]): string {
  const tags = (name: string, values: readonly string[]): string =>
    values.map((value) => `<${name}>${value}</${name}>`).join('');
  const bodies = rules.map(
    (rule) =>
      `<CORSRule>${tags('AllowedOrigin', rule.AllowedOrigins)}${tags('AllowedMethod', rule.AllowedMethods)}` +
      `${tags('AllowedHeader', rule.AllowedHeaders)}<MaxAgeSeconds>${rule.MaxAgeSeconds}</MaxAgeSeconds></CORSRule>`,
  );
  return `<CORSConfiguration>${bodies.join('')}</CORSConfiguration>`;
}

test('the settings of a bucket are read as they stand', () => {
  const settings = Object.fromEntries(
    blockOf('sh')
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
  const read = readConfig({...settings, DATA_DIR: '/tmp/none'});
  expect(read.ok && read.config.s3).toEqual({
    endpoint: 'https://ACCOUNT_ID.r2.cloudflarestorage.com',
    bucket: 'fieldmerge-attachments',
    region: 'auto',
    accessKeyId: settings['S3_ACCESS_KEY_ID'],
    secretAccessKey: settings['S3_SECRET_ACCESS_KEY'],
  });
});

test('an app in a browser of a named origin may upload and download, another may not', async () => {
  const rules = JSON.parse(blockOf('json')) as CorsRule[];
  const bucket = await startS3Server({cors: corsXml(rules)});
  const world = await createWorld({openFiles: bucket.openFiles});
  onTestFinished(async () => {
    await world.close();
    await bucket.close();
  });
  const uploads = openUploads(world);
  const maria = await world.newManager();
  const owner = {ownerType: 'tasks', ownerId: randomUUID()};
  await maria.push([{entity: 'tasks', entityId: owner.ownerId, payload: {title: 'Fix the pump'}}]);
  const {body: upload} = await uploads.announce(maria, owner);

  /** What a browser asks before it sends the upload. */
  const isLetIn = async (origin: string): Promise<boolean> => {
    const headers = {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type',
    };
    const answer = await fetch(upload.url, {method: 'OPTIONS', headers});
    return answer.ok && answer.headers.has('access-control-allow-origin');
  };
  const [ours = ''] = rules[0]?.AllowedOrigins ?? [];
  expect([await isLetIn(ours), await isLetIn('https://elsewhere.example.com')]).toEqual([true, false]);

  const sent = await fetch(upload.url, {
    method: 'PUT',
    headers: {origin: ours, 'content-type': 'image/png'},
    body: new Uint8Array(png),
  });
  expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, ours]);
  await uploads.complete(maria, upload.id);
  const {body: download} = await maria.get<{url: string}>(`/v1/attachments/${upload.id}/presign`);
  const read = await fetch(download.url, {headers: {origin: ours}});
  expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, ours]);
});
