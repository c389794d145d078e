// Decides whether a bearer token names a user. The signature, times and issuer are always checked by
// verifyToken of @clerk/backend; what it lets through and we do not (pending sessions, foreign `azp`) is
// refused here. Tenant and role never come from claims. Called by the REST edge and the live session.
import {createHash} from 'node:crypto';
import {verifyToken} from '@clerk/backend';
import {TokenVerificationError, TokenVerificationErrorReason} from '@clerk/backend/errors';
import {
  CLAIM_LENGTH_MAX,
  TOKEN_LENGTH_MAX,
  TOKEN_SKEW_MS,
  VERIFIED_TOKEN_MS_MAX,
  VERIFIED_TOKENS_MAX,
} from './auth-limits.ts';
import {readPublicKeyPem} from './public-key.ts';
import {createSigningKeys} from './signing-keys.ts';

/** Who a verified token speaks for. */
export interface TokenClaims {
  /** The issuer's id of the user. */
  readonly subject: string;
  readonly sessionId?: string;
  readonly email?: string;
  /** The issuer has proved that the user owns `email`. False without one. */
  readonly emailVerified: boolean;
  readonly name?: string;
  /** `exp`, ms since epoch. The token is accepted for TOKEN_SKEW_MS longer. */
  readonly expiresAtMs: number;
}

export type TokenResult =
  | {readonly ok: true; readonly claims: TokenClaims}
  | {readonly ok: false; readonly code: 'unauthenticated' | 'token_expired' | 'session_pending'};

export interface TokenVerifierStats {
  /** Answered from the cache. */
  readonly hits: number;
  /** Signatures checked, whatever came of it. */
  readonly verifications: number;
  /** Tokens refused, with or without checking the signature. */
  readonly refusals: number;
  /** Tokens in the cache now. */
  readonly cached: number;
  /** Requests made for signing keys. */
  readonly keyFetches: number;
}

export interface TokenVerifier {
  /** Throws only SyncError `not_ready`, while the signing keys cannot be fetched. */
  verify(token: string): Promise<TokenResult>;
  stats(): TokenVerifierStats;
}

export interface TokenVerifierOptions {
  /** Public key of the issuer (PEM, line breaks may be literal `\n`). Preferred: needs no network. */
  readonly jwtKey?: string | undefined;
  /** Clerk's secret key, to fetch the public keys with. Used only without `jwtKey`. */
  readonly secretKey?: string | undefined;
  /** Base URL of Clerk's backend API. */
  readonly apiUrl?: string | undefined;
  /** The only `iss` accepted; absent: any. */
  readonly issuer?: string | undefined;
  /** The only `azp` accepted where a token carries one; native apps send none. Empty or absent: any. */
  readonly authorizedParties?: readonly string[] | undefined;
  /** ms since epoch; must be the wall clock, which verifyToken reads itself. */
  readonly now: () => number;
  readonly cachedTokensMax?: number;
}

type Payload = Readonly<Record<string, unknown>>;
type Refusal = Extract<TokenResult, {ok: false}>;

const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const unauthenticated: Refusal = {ok: false, code: 'unauthenticated'};

/** The key id a token claims. Nothing of it is trusted: it only chooses among our own keys. */
function readKeyId(token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    if (typeof header !== 'object' || header === null || !('kid' in header)) return undefined;
    return typeof header.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined; // Not a token: no key fits it.
  }
}

const readText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 && value.length <= CLAIM_LENGTH_MAX ? value : undefined;

/** Narrows a payload whose signature is good. */
function readClaims(payload: Payload): TokenClaims | undefined {
  const subject = readText(payload['sub']);
  const expiresAtMs = Number(payload['exp']) * 1_000;
  if (subject === undefined || !Number.isSafeInteger(Math.trunc(expiresAtMs))) return undefined;
  const sessionId = readText(payload['sid']);
  const email = readText(payload['email']);
  const name = readText(payload['name']);
  return {
    subject,
    ...(sessionId !== undefined && {sessionId}),
    ...(email !== undefined && {email}),
    emailVerified: email !== undefined && payload['email_verified'] === true,
    ...(name !== undefined && {name}),
    expiresAtMs,
  };
}

/** What verifyToken does not refuse. */
function judge(payload: Payload, authorizedParties: readonly string[]): TokenResult {
  if (payload['sts'] === 'pending') return {ok: false, code: 'session_pending'};
  const party = payload['azp'];
  const isForeign = typeof party !== 'string' || !authorizedParties.includes(party);
  if (party !== undefined && authorizedParties.length > 0 && isForeign) return unauthenticated;
  const claims = readClaims(payload);
  return claims === undefined ? unauthenticated : {ok: true, claims};
}

/** Chooses where keys come from. Throws if neither key is given or `jwtKey` is not a usable public key. */
function openKeys({jwtKey, secretKey, apiUrl = 'https://api.clerk.com', now}: TokenVerifierOptions) {
  if (jwtKey !== undefined) {
    const pem = readPublicKeyPem(jwtKey);
    if (pem === undefined) throw new Error('the token key is not a 2048-bit RSA public key');
    return {find: () => Promise.resolve<string | undefined>(pem), fetches: () => 0};
  }
  if (secretKey === undefined) throw new Error('a token verifier needs a public key or a secret key');
  const keys = createSigningKeys({secretKey, apiUrl, now});
  const find = async (token: string): Promise<string | undefined> => {
    const keyId = readKeyId(token);
    return keyId === undefined ? undefined : await keys.find(keyId);
  };
  return {find, fetches: () => keys.fetches()};
}

/**
 * A verifier with a cache of its own: good tokens by SHA-256 until their `exp`, bounded by count, the least
 * recently used one leaving first. Refusals are never cached: whoever sends junk pays for it at the address
 * limit (failure-limit.ts). The process should set CLERK_TELEMETRY_DISABLED=1.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const {issuer, authorizedParties = [], now, cachedTokensMax = VERIFIED_TOKENS_MAX} = options;
  const keys = openKeys(options);
  const cache = new Map<string, {result: TokenResult; untilMs: number}>();
  const counts = {hits: 0, verifications: 0, refusals: 0};

  const check = async (token: string): Promise<TokenResult> => {
    const pem = await keys.find(token);
    if (pem === undefined) return unauthenticated;
    counts.verifications += 1;
    try {
      const payload = await verifyToken(token, {
        jwtKey: pem,
        clockSkewInMs: TOKEN_SKEW_MS,
        ...(issuer !== undefined && {issuer}),
      });
      return judge({...payload}, authorizedParties);
    } catch (error) {
      // Everything verifyToken throws is about the token: with a key at hand it does no I/O.
      const reason = error instanceof TokenVerificationError ? error.reason : undefined;
      return reason === TokenVerificationErrorReason.TokenExpired
        ? {ok: false, code: 'token_expired'}
        : unauthenticated;
    }
  };

  const recall = (hash: string): TokenResult | undefined => {
    const entry = cache.get(hash);
    if (entry === undefined) return undefined;
    cache.delete(hash);
    if (entry.untilMs <= now()) return undefined;
    cache.set(hash, entry);
    return entry.result;
  };

  const remember = (hash: string, result: TokenResult, claims: TokenClaims): void => {
    cache.set(hash, {result, untilMs: Math.min(claims.expiresAtMs, now() + VERIFIED_TOKEN_MS_MAX)});
    const oldest = cache.keys().next();
    if (cache.size > cachedTokensMax && !oldest.done) cache.delete(oldest.value);
  };

  return {
    async verify(token) {
      if (token.length > TOKEN_LENGTH_MAX || !tokenPattern.test(token)) {
        counts.refusals += 1;
        return unauthenticated;
      }
      const hash = createHash('sha256').update(token).digest('base64');
      const known = recall(hash);
      if (known !== undefined) {
        counts.hits += 1;
        return known;
      }
      const result = await check(token);
      if (result.ok) remember(hash, result, result.claims);
      else counts.refusals += 1;
      return result;
    },
    stats: () => ({...counts, cached: cache.size, keyFetches: keys.fetches()}),
  };
}
