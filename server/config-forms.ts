// The forms that values of environment variables take. Each fault says what is expected, never what was found:
// it may be a secret. Used by server/config-keys.ts only.
import {z} from 'zod';
import {readPublicKeyPem} from './auth/public-key.ts';

const MASTER_KEY_BYTES = 32;

export const text = (max = 2_048) => z.string().max(max, {error: `must be at most ${max} characters`});
export const optionalText = (max?: number) => text(max).optional();
export const flag = z.enum(['0', '1'], {error: 'must be 0 or 1'}).transform((value) => value === '1');
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, {error: `must be one of ${values.join(', ')}`});

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

export const splitList = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const originPattern = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#*@]+$/;
export const originList = text(8_192)
  .transform(splitList)
  .refine((origins) => origins.every((origin) => originPattern.test(origin)), {
    error: 'must be a comma-separated list of origins such as https://app.example.com, without a path',
  });

export const url = (...protocols: readonly string[]) =>
  text()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `must be a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    })
    .transform((value) => value.replace(/\/+$/, ''));

export const publicKey = text(4_096).transform((value, context) => {
  const pem = readPublicKeyPem(value);
  if (pem !== undefined) return pem;
  context.addIssue('must be a 2048-bit RSA public key as PEM; line breaks may be written \\n');
  return z.NEVER;
});

export const webhookSecret = text(512).regex(
  /^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  {
    error: 'must be the signing secret of the endpoint, which begins with whsec_',
  },
);

/** Bytes of a key in base64, or undefined if it is anything else. */
function readMasterKey(value: string): Uint8Array | undefined {
  const bytes = Buffer.from(value, 'base64');
  const isExact = bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '');
  return isExact && bytes.length === MASTER_KEY_BYTES ? new Uint8Array(bytes) : undefined;
}

export const masterKey = z.string().transform((value, context) => {
  const bytes = readMasterKey(value);
  if (bytes !== undefined) return bytes;
  context.addIssue(
    `must be ${MASTER_KEY_BYTES} random bytes in base64 (openssl rand -base64 ${MASTER_KEY_BYTES})`,
  );
  return z.NEVER;
});

export const masterKeyList = z.string().transform((value, context) => {
  const keys = splitList(value).map(readMasterKey);
  const found = keys.filter((bytes) => bytes !== undefined);
  if (found.length === keys.length) return found;
  context.addIssue(`must be a comma-separated list of keys of ${MASTER_KEY_BYTES} bytes in base64`);
  return z.NEVER;
});

export const emailSender = text(320).refine((value) => /^[^\r\n]*@[^\r\n\s]+$/.test(value), {
  error: 'must be an e-mail address, with or without a name',
});
