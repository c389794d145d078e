// Reads the public key that signs session tokens, however an environment variable mangled its line breaks.
// Called by server/config.ts (to refuse a bad key at start), verify-token.ts and signing-keys.ts.
import {createPublicKey, type JsonWebKey, type KeyObject} from 'node:crypto';

/** What verifyToken can use. Its PEM reader assumes exactly this size and exponent and would call every token forged. */
const MODULUS_BITS = 2048;
const EXPONENT = 65_537n;

const hasUsableShape = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'rsa' &&
  key.asymmetricKeyDetails?.modulusLength === MODULUS_BITS &&
  key.asymmetricKeyDetails.publicExponent === EXPONENT;

const toPem = (key: KeyObject): string => key.export({type: 'spki', format: 'pem'}).toString();

/**
 * The key as a clean PEM, or undefined if it is not a 2048-bit RSA public key with exponent 65537.
 * Takes a PEM with real or literal `\n` line breaks, with spaces in their place, quoted, or without its armour.
 * A private key is refused: it has no business here.
 */
export function readPublicKeyPem(text: string): string | undefined {
  const body = text
    .replace(/\\[rn]/g, '')
    .replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '')
    .replace(/[\s"']/g, '');
  if (!/^[A-Za-z0-9+/]+=*$/.test(body)) return undefined;
  try {
    const key = createPublicKey({key: Buffer.from(body, 'base64'), format: 'der', type: 'spki'});
    return hasUsableShape(key) ? toPem(key) : undefined;
  } catch {
    return undefined; // Not a key: the caller says so in words of its own.
  }
}

/** The same from one member of a JWKS. */
export function readPublicKeyJwk(jwk: Readonly<Record<string, unknown>>): string | undefined {
  // Only the public members, so that a private key in an answer is never loaded.
  const {kty, n, e} = jwk;
  try {
    const key = createPublicKey({key: {kty, n, e} as JsonWebKey, format: 'jwk'});
    return hasUsableShape(key) ? toPem(key) : undefined;
  } catch {
    return undefined; // A kind of key that signs no session tokens.
  }
}
