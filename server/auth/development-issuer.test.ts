import {mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {DEVELOPMENT_ISSUER, openDevelopmentIssuer, type DevelopmentIssuer} from './development-issuer.ts';
import {createTokenVerifier} from './verify-token.ts';

let dataDir = '';
let issuer: DevelopmentIssuer;
const now = () => Date.now();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'development-issuer-'));
  issuer = await openDevelopmentIssuer({dataDir, now});
});
afterAll(() => rm(dataDir, {recursive: true}));

const verifyWith = (jwtKey: string, token: string) =>
  createTokenVerifier({jwtKey, issuer: DEVELOPMENT_ISSUER, now}).verify(token);

it('issues tokens that pass the ordinary verification', async () => {
  const token = await issuer.issue({subject: 'anna', email: 'anna@example.com', name: 'Anna'});
  expect(await verifyWith(issuer.publicKeyPem, token)).toMatchObject({
    ok: true,
    claims: {
      subject: 'anna',
      sessionId: expect.stringMatching(/^sess_/) as unknown,
      email: 'anna@example.com',
      emailVerified: true,
      name: 'Anna',
    },
  });
});

it('lets a token expire when asked', async () => {
  const token = await issuer.issue({subject: 'anna', expiresInSeconds: -10});
  expect(await verifyWith(issuer.publicKeyPem, token)).toEqual({ok: false, code: 'token_expired'});
});

it('keeps its key over a restart, so that tokens stay good', async () => {
  const again = await openDevelopmentIssuer({dataDir, now});
  const token = await issuer.issue({subject: 'anna'});
  expect(again.publicKeyPem).toBe(issuer.publicKeyPem);
  expect(await verifyWith(again.publicKeyPem, token)).toMatchObject({ok: true});
});

it('keeps its key where only the owner can read it', async () => {
  const {mode} = await stat(join(dataDir, 'development-issuer-key.pem'));
  expect(mode & 0o777).toBe(0o600);
});

it('has another key in another folder', async () => {
  const other = await openDevelopmentIssuer({dataDir: join(dataDir, 'other'), now});
  const token = await other.issue({subject: 'anna'});
  expect(await verifyWith(issuer.publicKeyPem, token)).toEqual({ok: false, code: 'unauthenticated'});
});
