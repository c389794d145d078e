// The code that makes its holder a member. It is shown once; the database has its hash.
import {createHash, randomBytes} from 'node:crypto';

/** 120 bits, so 24 characters: nobody guesses one, and it can still be read out on the telephone. */
const CODE_BYTES = 15;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 as in RFC 4648, in groups of four. */
export function makeInvitationCode(): string {
  let bits = BigInt(`0x${randomBytes(CODE_BYTES).toString('hex')}`);
  let code = '';
  for (let left = (CODE_BYTES * 8) / 5; left > 0; left--) {
    code += alphabet.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return code.replace(/.{4}(?=.)/g, '$&-');
}

/** SHA-256 of the code without the case, spaces and dashes that people add or lose. */
export const hashInvitationCode = (code: string): Buffer =>
  createHash('sha256')
    .update(code.toUpperCase().replace(/[^A-Z2-7]/g, ''))
    .digest();
