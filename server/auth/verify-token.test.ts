import {createHmac, generateKeyPairSync} from 'node:crypto';
import {SignJWT} from 'jose';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {TOKEN_LENGTH_MAX, TOKEN_SKEW_MS, VERIFIED_TOKEN_MS_MAX} from './auth-limits.ts';
import {createTokenVerifier, type TokenVerifierOptions} from './verify-token.ts';

const keys = generateKeyPairSync('rsa', {modulusLength: 2048});
const otherKeys = generateKeyPairSync('rsa', {modulusLength: 2048});
const pem = keys.publicKey.export({type: 'spki', format: 'pem'}).toString();
const issuer = 'https://clerk.example.com';

const nowSeconds = () => Math.floor(Date.now() / 1_000);
type Claims = Record<string, unknown>;

const standardClaims = (): Claims => ({
  sub: 'user_1',
  sid: 'sess_1',
  iss: issuer,
  iat: nowSeconds(),
  nbf: nowSeconds() - 10,
  exp: nowSeconds() + 60,
});

const sign = (claims: Claims = {}, privateKey = keys.privateKey, alg = 'RS256') =>
  new SignJWT({...standardClaims(), ...claims})
    .setProtectedHeader({alg, typ: 'JWT', kid: 'ins_1'})
    .sign(privateKey);

const open = (options: Partial<TokenVerifierOptions> = {}) =>
  createTokenVerifier({jwtKey: pem, now: () => Date.now(), ...options});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const refused = {ok: false, code: 'unauthenticated'};

afterEach(() => {
  vi.useRealTimers();
});

const freezeClock = () => {
  vi.useFakeTimers({toFake: ['Date']});
  vi.setSystemTime(1_800_000_000_000);
};

describe('a good token', () => {
  it('names its user, session, address and expiry', async () => {
    const exp = nowSeconds() + 60;
    const token = await sign({exp, email: 'a@example.com', email_verified: true, name: 'Anna'});
    expect(await open().verify(token)).toEqual({
      ok: true,
      claims: {
        subject: 'user_1',
        sessionId: 'sess_1',
        email: 'a@example.com',
        emailVerified: true,
        name: 'Anna',
        expiresAtMs: exp * 1_000,
      },
    });
  });

  it.each([[undefined], [false], ['true'], [1]])(
    'leaves an address unverified if email_verified is %j',
    async (value) => {
      const token = await sign({email: 'a@example.com', ...(value !== undefined && {email_verified: value})});
      expect(await open().verify(token)).toMatchObject({claims: {emailVerified: false}});
    },
  );

  it('needs no session, address or name', async () => {
    const token = await sign({sid: undefined});
    const result = await open().verify(token);
    expect(result.ok && Object.keys(result.claims).sort()).toEqual([
      'emailVerified',
      'expiresAtMs',
      'subject',
    ]);
  });

  it.each([
    ['literal \\n', pem.replaceAll('\n', '\\n')],
    ['no line breaks', pem.replaceAll('\n', '')],
    ['CRLF', pem.replaceAll('\n', '\r\n')],
  ])('passes with a key written with %s', async (_, jwtKey) => {
    expect(await open({jwtKey}).verify(await sign())).toMatchObject({ok: true});
  });
});

describe('a bad token', () => {
  it.each([
    ['of another key', () => sign({}, otherKeys.privateKey)],
    ['not yet valid', () => sign({nbf: nowSeconds() + 60})],
    ['issued in the future', () => sign({iat: nowSeconds() + 60})],
    ['without expiry', () => sign({exp: undefined})],
    ['without subject', () => sign({sub: undefined})],
    ['with an empty subject', () => sign({sub: ''})],
    ['with a subject that is not text', () => sign({sub: 7})],
    ['with an endless subject', () => sign({sub: 'a'.repeat(321)})],
  ])('is refused: %s', async (_, make) => {
    expect(await open().verify(await make())).toEqual(refused);
  });

  it('is refused with alg none', async () => {
    const body = `${encode({alg: 'none', typ: 'JWT', kid: 'ins_1'})}.${encode(standardClaims())}`;
    expect(await open().verify(`${body}.`)).toEqual(refused);
    expect(await open().verify(`${body}.AAAA`)).toEqual(refused);
  });

  it('is refused with HS256 under the public key as secret', async () => {
    const body = `${encode({alg: 'HS256', typ: 'JWT', kid: 'ins_1'})}.${encode(standardClaims())}`;
    for (const secret of [pem, pem.trim(), pem.replaceAll('\n', '\\n')]) {
      const signature = createHmac('sha256', secret).update(body).digest('base64url');
      expect(await open().verify(`${body}.${signature}`)).toEqual(refused);
    }
  });

  it('is refused when its payload was exchanged', async () => {
    const [header, , signature] = (await sign()).split('.');
    const forged = `${header}.${encode({...standardClaims(), sub: 'user_2'})}.${signature}`;
    expect(await open().verify(forged)).toEqual(refused);
  });

  it.each([
    [''],
    ['.'],
    ['..'],
    ['a.b'],
    ['a.b.c'],
    ['a.b.c.d'],
    [`${encode(null)}.${encode(null)}.AAAA`],
    [`${encode([])}.${encode(7)}.AAAA`],
    [`${encode({alg: 'RS256'})}.${encode({})}.`],
    ['é.é.é'],
    ['a.b.c\n'],
  ])('is refused: %j', async (token) => {
    expect(await open().verify(token)).toEqual(refused);
    expect(await open({jwtKey: undefined, secretKey: 'sk'}).verify(token)).toEqual(refused);
  });

  it('is refused unread when too long', async () => {
    const verifier = open();
    const token = await sign({padding: 'a'.repeat(TOKEN_LENGTH_MAX)});
    expect(await verifier.verify(token)).toEqual(refused);
    expect(verifier.stats()).toMatchObject({verifications: 0, refusals: 1});
  });

  it('is called expired only if it was ours', async () => {
    const exp = nowSeconds() - 6;
    expect(await open().verify(await sign({exp}))).toEqual({ok: false, code: 'token_expired'});
    expect(await open().verify(await sign({exp}, otherKeys.privateKey))).toEqual(refused);
  });

  it('is accepted within the tolerance of clocks, not beyond', async () => {
    freezeClock();
    expect(await open().verify(await sign({exp: nowSeconds() - 4}))).toMatchObject({ok: true});
    expect(await open().verify(await sign({exp: nowSeconds() - 5}))).toMatchObject({code: 'token_expired'});
  });

  it('is refused while its session is pending', async () => {
    const verifier = open();
    const token = await sign({sts: 'pending'});
    expect(await verifier.verify(token)).toEqual({ok: false, code: 'session_pending'});
    expect(await verifier.verify(token)).toEqual({ok: false, code: 'session_pending'});
    expect(await verifier.verify(await sign({sts: 'active'}))).toMatchObject({ok: true});
  });
});

describe('azp and iss', () => {
  const authorizedParties = ['https://app.example.com'];

  it.each([
    ['right', {azp: 'https://app.example.com'}, true],
    ['absent, as from a native app', {}, true],
    ['wrong', {azp: 'https://evil.example.com'}, false],
    ['empty', {azp: ''}, false],
    ['no text', {azp: authorizedParties}, false],
    ['null', {azp: null}, false],
  ])('judges an azp that is %s', async (_, claims, ok) => {
    expect(await open({authorizedParties}).verify(await sign(claims))).toMatchObject({ok});
  });

  it('takes any azp when none is configured', async () => {
    expect(await open().verify(await sign({azp: 'https://evil.example.com'}))).toMatchObject({ok: true});
  });

  it('refuses another or no issuer when one is configured', async () => {
    expect(await open({issuer}).verify(await sign())).toMatchObject({ok: true});
    expect(await open({issuer}).verify(await sign({iss: 'https://evil.example.com'}))).toEqual(refused);
    expect(await open({issuer}).verify(await sign({iss: undefined}))).toEqual(refused);
  });
});

describe('the cache', () => {
  it('verifies a token once', async () => {
    const verifier = open();
    const token = await sign();
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toEqual(first);
    expect(verifier.stats()).toMatchObject({hits: 1, verifications: 1, cached: 1});
  });

  it('never remembers a refusal', async () => {
    const verifier = open();
    const token = await sign({}, otherKeys.privateKey);
    await verifier.verify(token);
    await verifier.verify(token);
    expect(verifier.stats()).toMatchObject({hits: 0, verifications: 2, cached: 0, refusals: 2});
  });

  it('verifies a token again from its expiry on, and refuses it after the tolerance', async () => {
    freezeClock();
    const verifier = open();
    const token = await sign({exp: nowSeconds() + 60});
    await verifier.verify(token);
    vi.setSystemTime(Date.now() + 59_999);
    await verifier.verify(token);
    expect(verifier.stats()).toMatchObject({hits: 1, verifications: 1});
    vi.setSystemTime(Date.now() + 1);
    await verifier.verify(token);
    expect(verifier.stats()).toMatchObject({hits: 1, verifications: 2});
    vi.setSystemTime(Date.now() + TOKEN_SKEW_MS);
    expect(await verifier.verify(token)).toEqual({ok: false, code: 'token_expired'});
    expect(verifier.stats().cached).toBe(0);
  });

  it('verifies a long-lived token again after a while', async () => {
    freezeClock();
    const verifier = open();
    const token = await sign({exp: nowSeconds() + 86_400});
    await verifier.verify(token);
    vi.setSystemTime(Date.now() + VERIFIED_TOKEN_MS_MAX);
    await verifier.verify(token);
    expect(verifier.stats()).toMatchObject({hits: 0, verifications: 2});
  });

  it('forgets the token used longest ago when full', async () => {
    const verifier = open({cachedTokensMax: 2});
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => sign({sub})));
    for (const token of [a!, b!, a!, c!]) await verifier.verify(token);
    expect(verifier.stats().cached).toBe(2);
    await verifier.verify(a!);
    expect(verifier.stats().hits).toBe(2);
    await verifier.verify(b!);
    expect(verifier.stats()).toMatchObject({hits: 2, verifications: 4});
  });
});

it.each([
  ['neither key', {jwtKey: undefined}],
  ['a key that is none', {jwtKey: 'x'}],
  ['a private key', {jwtKey: keys.privateKey.export({type: 'pkcs8', format: 'pem'}).toString()}],
])('cannot be made with %s', (_, options) => {
  expect(() => open(options)).toThrow();
});
