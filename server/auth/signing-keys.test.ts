// Against a local stand-in of Clerk's backend API; the verification itself is the real one.
import {generateKeyPairSync} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {SignJWT} from 'jose';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {SIGNING_KEYS_FRESH_MS, SIGNING_KEYS_INTERVAL_MS, SIGNING_KEYS_STALE_MS_MAX} from './auth-limits.ts';
import {createSigningKeys} from './signing-keys.ts';
import {createTokenVerifier} from './verify-token.ts';

const pair = generateKeyPairSync('rsa', {modulusLength: 2048});
const pem = pair.publicKey.export({type: 'spki', format: 'pem'}).toString();
const jwkOf = (kid: string) => ({...pair.publicKey.export({format: 'jwk'}), kid, use: 'sig', alg: 'RS256'});

let server: Server;
let apiUrl = '';
let answer: {status: number; body: unknown};
let authorization: string | undefined;
let clockMs = 0;
const now = () => clockMs;

beforeEach(async () => {
  answer = {status: 200, body: {keys: [jwkOf('ins_1')]}};
  clockMs = Date.now();
  server = createServer((request, response) => {
    authorization = request.headers.authorization;
    response.statusCode = request.url === '/v1/jwks' ? answer.status : 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const openKeys = () => createSigningKeys({secretKey: 'sk_test_1', apiUrl, now});

const sign = (kid: string) =>
  new SignJWT({sub: 'user_1'})
    .setProtectedHeader({alg: 'RS256', typ: 'JWT', kid})
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(pair.privateKey);

it('verifies tokens with keys fetched under the secret key', async () => {
  const verifier = createTokenVerifier({secretKey: 'sk_test_1', apiUrl, now: () => Date.now()});
  expect(await verifier.verify(await sign('ins_1'))).toMatchObject({ok: true, claims: {subject: 'user_1'}});
  expect(authorization).toBe('Bearer sk_test_1');
});

it('does not let forged key ids cause a fetch each', async () => {
  const verifier = createTokenVerifier({secretKey: 'sk_test_1', apiUrl, now: () => Date.now()});
  for (let count = 0; count < 50; count += 1) {
    const result = await verifier.verify(await sign(`forged_${count}`));
    expect(result).toEqual({ok: false, code: 'unauthenticated'});
  }
  expect(verifier.stats()).toMatchObject({keyFetches: 1, verifications: 0});
  expect(await verifier.verify(await sign('ins_1'))).toMatchObject({ok: true});
});

it('shares one fetch among concurrent callers', async () => {
  const keys = openKeys();
  const found = await Promise.all(Array.from({length: 20}, () => keys.find('ins_1')));
  expect(new Set(found)).toEqual(new Set([pem]));
  expect(keys.fetches()).toBe(1);
});

it('finds a new key once the least interval has passed', async () => {
  const keys = openKeys();
  await keys.find('ins_1');
  answer.body = {keys: [jwkOf('ins_1'), jwkOf('ins_2')]};
  clockMs += SIGNING_KEYS_INTERVAL_MS - 1;
  expect(await keys.find('ins_2')).toBeUndefined();
  clockMs += 1;
  expect(await keys.find('ins_2')).toBe(pem);
});

it('drops a key that the issuer withdrew', async () => {
  const keys = openKeys();
  await keys.find('ins_1');
  answer.body = {keys: [jwkOf('ins_2')]};
  clockMs += SIGNING_KEYS_FRESH_MS;
  expect(await keys.find('ins_1')).toBeUndefined();
});

it('serves from the keys at hand while the issuer is down, but not for ever', async () => {
  const keys = openKeys();
  await keys.find('ins_1');
  answer = {status: 500, body: {}};
  clockMs += SIGNING_KEYS_FRESH_MS;
  expect(await keys.find('ins_1')).toBe(pem);
  clockMs += SIGNING_KEYS_STALE_MS_MAX;
  await expect(keys.find('ins_1')).rejects.toMatchObject({code: 'not_ready'});
});

it.each([
  ['an error', {status: 401, body: {errors: []}}],
  ['no keys', {status: 200, body: {keys: []}}],
  ['keys of a kind that signs no session', {status: 200, body: {keys: [{kid: 'ins_1', kty: 'EC'}]}}],
  ['nonsense', {status: 200, body: [1]}],
])('is not ready, and says no more, when the issuer answers with %s', async (_, bad) => {
  answer = bad;
  const keys = openKeys();
  await expect(keys.find('ins_1')).rejects.toMatchObject({code: 'not_ready'});
  await expect(keys.find('ins_1')).rejects.toMatchObject({code: 'not_ready'});
  expect(keys.fetches()).toBe(1);
});
