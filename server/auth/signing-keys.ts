// The issuer's signing keys, fetched from Clerk when only its secret key is configured. The SDK would fetch
// once per unknown key id, so a stranger's forged tokens would become a flood of requests: here the interval
// between fetches is bounded, and concurrent callers share one.
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {
  SIGNING_KEYS_FRESH_MS,
  SIGNING_KEYS_INTERVAL_MS,
  SIGNING_KEYS_MAX,
  SIGNING_KEYS_STALE_MS_MAX,
  SIGNING_KEYS_TIMEOUT_MS,
} from './auth-limits.ts';
import {readPublicKeyJwk} from './public-key.ts';

export interface SigningKeys {
  /**
   * PEM of the key with this id, or undefined if the issuer has none.
   * Throws SyncError `not_ready` while no keys can be had.
   */
  find(keyId: string): Promise<string | undefined>;
  /** Requests made so far. */
  fetches(): number;
}

export interface SigningKeysOptions {
  readonly secretKey: string;
  /** Base URL of Clerk's backend API, without a trailing slash. */
  readonly apiUrl: string;
  /** ms since epoch. */
  readonly now: () => number;
}

const keySet = z.object({keys: z.array(z.looseObject({kid: z.string()})).max(SIGNING_KEYS_MAX)});

async function fetchKeys({secretKey, apiUrl}: SigningKeysOptions): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(`${apiUrl}/v1/jwks`, {
    headers: {authorization: `Bearer ${secretKey}`},
    redirect: 'error',
    signal: AbortSignal.timeout(SIGNING_KEYS_TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the issuer answered ${response.status}`);
  }
  const pemByKeyId = new Map<string, string>();
  for (const jwk of keySet.parse(await response.json()).keys) {
    const pem = readPublicKeyJwk(jwk);
    if (pem !== undefined) pemByKeyId.set(jwk.kid, pem);
  }
  if (pemByKeyId.size === 0) throw new Error('the issuer published no usable signing key');
  return pemByKeyId;
}

/** Fetches nothing yet: the first `find` does. */
export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  let pemByKeyId: ReadonlyMap<string, string> = new Map();
  let fetchedAtMs = -Infinity;
  let triedAtMs = -Infinity;
  let failure: unknown;
  let fetching: Promise<void> | undefined;
  let fetchCount = 0;

  const refresh = async (): Promise<void> => {
    triedAtMs = options.now();
    fetchCount += 1;
    try {
      pemByKeyId = await fetchKeys(options);
      fetchedAtMs = triedAtMs;
      failure = undefined;
    } catch (error) {
      failure = error; // Reported by `find`, once the keys at hand are too old to serve.
    } finally {
      fetching = undefined;
    }
  };

  const ageMs = (): number => options.now() - fetchedAtMs;

  return {
    async find(keyId) {
      const wanted = ageMs() >= SIGNING_KEYS_FRESH_MS || !pemByKeyId.has(keyId);
      if (wanted && (fetching !== undefined || options.now() - triedAtMs >= SIGNING_KEYS_INTERVAL_MS)) {
        await (fetching ??= refresh());
      }
      if (ageMs() >= SIGNING_KEYS_STALE_MS_MAX) {
        const message = 'The signing keys of the token issuer cannot be fetched.';
        throw new SyncError('not_ready', {message, cause: failure});
      }
      return pemByKeyId.get(keyId);
    },
    fetches: () => fetchCount,
  };
}
