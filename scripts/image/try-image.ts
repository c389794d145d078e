// `npm run image:try`: makes the image of the Dockerfile without Docker, then uses it as a deployment would: migrates an
// empty database by fly.toml's release command, starts the server, asks /readyz, and stops it with SIGTERM.
// Needs root, debootstrap and the machine's Debian mirror; --keep leaves the image's folder.
import type {ChildProcess} from 'node:child_process';
import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout} from 'node:timers/promises';
import {startEmbedded} from '#db/embedded.ts';
import {prepareBaseRoot} from './base-root.ts';
import {buildImage, type Image} from './build-image.ts';
import {runInChroot, startInChroot} from './chroot.ts';
import {inspectImage} from './inspect-image.ts';

const project = join(import.meta.dirname, '../..');
/** Milliseconds for the server to start, and to end: fly.toml's kill_timeout. */
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 60_000;

const say = (text: string): void => console.log(`== ${text}`);

function demand(isTrue: boolean, sentence: string): void {
  if (!isTrue) throw new Error(`not so: ${sentence}`);
  say(sentence);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a deployment sets beside the image's own environment. */
function settings(databaseUrl: string, port: number): Record<string, string> {
  const {publicKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    MASTER_KEY: randomBytes(32).toString('base64'),
    CLERK_JWT_KEY: publicKey.export({type: 'spki', format: 'pem'}).toString(),
    REQUIRE_TLS: '1',
  };
}

function releaseCommand(): string[] {
  const [, command = ''] =
    /release_command = "(.*)"/.exec(readFileSync(join(project, 'fly.toml'), 'utf8')) ?? [];
  return command.split(' ');
}

/** Resolves to the log line `listening`. Rejects if the server ends or says nothing in time. */
async function listening(server: ChildProcess): Promise<{transport: string}> {
  if (server.stdout === null) throw new Error('The server has no output to read.');
  const lines = createInterface({input: server.stdout});
  const found = new Promise<{transport: string}>((resolve, reject) => {
    lines.on('line', (line) => {
      console.log(line);
      if (line.includes('"listening"')) resolve(JSON.parse(line) as {transport: string});
    });
    server.on('exit', (code) => reject(new Error(`The server ended with ${code ?? 'a signal'}.`)));
  });
  return Promise.race([
    found,
    setTimeout(START_MS_MAX, undefined, {ref: false}).then(() => {
      throw new Error(`The server did not listen within ${START_MS_MAX / 1_000} s.`);
    }),
  ]);
}

async function stopped(server: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => server.on('exit', (code) => resolve(code)));
  server.kill('SIGTERM');
  const late = setTimeout(STOP_MS_MAX, null, {ref: false});
  return Promise.race([ended, late]);
}

async function useImage(image: Image, databaseUrl: string): Promise<void> {
  const port = await freePort();
  const {root, workdir, user} = image;
  const env = {...image.env, ...settings(databaseUrl, port)};
  const run = {root, workdir, user, env};
  say(`release command: ${releaseCommand().join(' ')}`);
  await runInChroot({...run, command: releaseCommand(), stdio: ['ignore', 'inherit', 'inherit']});
  const started = performance.now();
  const server = startInChroot({...run, command: image.command, stdio: ['ignore', 'pipe', 'inherit']});
  try {
    const {transport} = await listening(server);
    say(`listening after ${Math.round(performance.now() - started)} ms`);
    demand(transport === 'uws', 'uWebSockets.js is the transport');
    await ask(port);
    const status = readFileSync(`/proc/${server.pid ?? 0}/status`, 'utf8');
    demand(/^Uid:\t1000\t1000\t1000\t1000$/m.test(status), 'the server runs as uid 1000, not as root');
    const at = performance.now();
    demand((await stopped(server)) === 0, 'SIGTERM ends the server with 0');
    say(`ended after ${Math.round(performance.now() - at)} ms`);
  } finally {
    server.kill('SIGKILL');
  }
}

async function ask(port: number): Promise<void> {
  const base = `http://127.0.0.1:${port}`;
  const ready = await fetch(`${base}/readyz`);
  demand(ready.status === 200, `/readyz answers 200: ${await ready.text()}`);
  const page = await fetch(`${base}/v1/openapi.yaml`, {headers: {'x-forwarded-proto': 'https'}});
  demand(
    page.status === 200 && (await page.text()).includes('openapi: 3.1'),
    '/v1/openapi.yaml is in the image',
  );
  demand(page.headers.has('strict-transport-security'), 'answers tell browsers to come by https only');
  const plain = await fetch(`${base}/v1/me`, {headers: {'x-forwarded-proto': 'http'}});
  demand(plain.status === 403, `plain http is refused: ${await plain.text()}`);
}

const work = mkdtempSync(join(tmpdir(), 'fieldmerge-image-'));
try {
  const image = await buildImage({context: project, base: prepareBaseRoot(), work});
  for (const sentence of inspectImage(image, project)) say(sentence);
  const embedded = await startEmbedded({dataDir: join(work, 'database')});
  await useImage(image, embedded.url).finally(() => embedded.stop());
  say('the image works');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (process.argv.includes('--keep')) say(`kept: ${work}`);
  else rmSync(work, {recursive: true, force: true});
}
