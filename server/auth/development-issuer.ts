// Signs tokens on a developer's machine, in place of Clerk. They pass through the same verification as
// Clerk's; only the key differs. server/config.ts refuses this issuer in production.
import {createPrivateKey, createPublicKey, generateKeyPair, randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {SignJWT} from 'jose';
import {readOrMakeSecret} from '../secret-file.ts';

/** `iss` of these tokens. `.invalid` never resolves, so it can be nobody's real issuer. */
export const DEVELOPMENT_ISSUER = 'https://development.fieldmerge.invalid';
const KEY_FILE = 'development-issuer-key.pem';
const LIFETIME_SECONDS_DEFAULT = 12 * 60 * 60;

export interface DevelopmentUser {
  readonly subject: string;
  /** Stated as verified. */
  readonly email?: string;
  readonly name?: string;
  /** Default 12 hours: unlike Clerk's, these tokens are pasted into terminals. */
  readonly expiresInSeconds?: number;
}

export interface DevelopmentIssuer {
  /** Give it to createTokenVerifier as `jwtKey`. */
  readonly publicKeyPem: string;
  issue(user: DevelopmentUser): Promise<string>;
}

async function makePrivateKeyPem(): Promise<string> {
  // 2048 bits: the only size that verifyToken reads.
  const {privateKey} = await promisify(generateKeyPair)('rsa', {modulusLength: 2048});
  return privateKey.export({type: 'pkcs8', format: 'pem'}).toString();
}

/** Reads the key kept in `dataDir`, or makes it at the first start. `now`: ms since epoch. */
export async function openDevelopmentIssuer({
  dataDir,
  now,
}: {
  readonly dataDir: string;
  readonly now: () => number;
}): Promise<DevelopmentIssuer> {
  const privateKey = createPrivateKey(await readOrMakeSecret(join(dataDir, KEY_FILE), makePrivateKeyPem));
  const publicKeyPem = createPublicKey(privateKey).export({type: 'spki', format: 'pem'}).toString();
  return {
    publicKeyPem,
    issue({subject, email, name, expiresInSeconds = LIFETIME_SECONDS_DEFAULT}) {
      const issuedAt = Math.floor(now() / 1_000);
      const claims = {
        sid: `sess_${randomUUID()}`,
        ...(email !== undefined && {email, email_verified: true}),
        ...(name !== undefined && {name}),
      };
      return new SignJWT(claims)
        .setProtectedHeader({alg: 'RS256', typ: 'JWT', kid: 'development'})
        .setSubject(subject)
        .setIssuer(DEVELOPMENT_ISSUER)
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + expiresInSeconds)
        .sign(privateKey);
    },
  };
}
