// docs/operations.md keeps its word: its commands run as they stand, in order, beside a server that serves meanwhile.
import {execFile} from 'node:child_process';
import {randomBytes, randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {commands} from '#server/operator/commands.ts';
import {startServerProcess} from '#test/faults/kill-server.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {personOf, readAnswer} from '#test/support/world.ts';

const page = readFileSync('docs/operations.md', 'utf8');
const lines = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);

test('every command is on the page', () => {
  const shown = new Set(lines.map((line) => line.split(' ')[1]));
  expect([...shown].toSorted()).toEqual(Object.keys(commands).toSorted());
});

test('every command of the page does what it says', {timeout: 240_000}, async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const dataDir = await makeScratchFolder();
  const settings = {
    DATABASE_URL: database.url,
    MASTER_KEY: randomBytes(32).toString('base64'),
    DATA_DIR: dataDir,
  };
  const server = await startServerProcess(dataDir, settings);
  onTestFinished(() => server.kill());

  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const [subject, deviceId] = [`user_${randomUUID()}`, randomUUID()];
  const email = `${subject}@example.com`;
  const token = await issuer.issue({subject, email, name: 'Ana Example'});
  const maria = personOf(
    async <Body>(path: string, init?: RequestInit) => readAnswer<Body>(await fetch(server.url + path, init)),
    {subject, email, token, deviceId, tenantId: null},
  );
  const name = 'Example & Sons';
  const {body: tenant} = await maria.post<{id: string}>('/v1/tenants', {name});
  await maria.in(tenant.id).push([{entity: 'tasks', payload: {title: 'Fix the pump'}}]);

  const folder = await makeScratchFolder();
  const env = {
    ...process.env,
    ...settings,
    NODE_ENV: '',
    TENANT: tenant.id,
    NAME: name,
    DEVICE: deviceId,
    PERSON: email,
  };
  const fieldmerge = `fieldmerge() { node ${join(process.cwd(), 'server/fieldmerge.js')} "$@"; }`;
  const run = async (line: string): Promise<string> =>
    (await promisify(execFile)('bash', ['-euc', `${fieldmerge}; ${line}`], {env, cwd: folder})).stdout;
  const outputs = new Map<string, string>();
  // The person is still there after the tenant has gone.
  for (const line of lines) outputs.set(line.split(' ')[1] ?? '', await run(line));

  expect(outputs.get('status')).toMatch(/^nodes +1$/m);
  expect(outputs.get('tenants')).toContain(name);
  expect(outputs.get('verify')).toMatch(/^verified: \d+ tenants/);
  expect(outputs.get('devices')).toContain(deviceId);
  expect(await readFile(join(folder, 'tenant.jsonl'), 'utf8')).toContain('Fix the pump');
  expect(outputs.get('erase-tenant')).toContain(tenant.id);
  expect(await run('fieldmerge tenants --json')).not.toContain(tenant.id);
  expect(outputs.get('token')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect((await maria.in(tenant.id).get('/v1/sync/pull')).status).toBeGreaterThanOrEqual(400);
  expect(await server.stop()).toBe(0);
});
