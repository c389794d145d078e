// Looks for bytes that must not be there: as they are, in hexadecimal, and in base64 wherever a group of three begins.

export interface Needle {
  readonly name: string;
  readonly forms: readonly {readonly form: string; readonly bytes: Buffer}[];
}

export interface Find {
  readonly needle: string;
  readonly form: string;
  /** What stands around it, unprintable bytes as dots. */
  readonly around: string;
}

const AROUND = 48;

/** The characters that stand for `bytes` alone when `before` bytes of the same group precede them. */
function base64Inside(bytes: Uint8Array, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

export function needleOf(name: string, content: string | Uint8Array): Needle {
  const bytes = asBuffer(content);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((before) => base64Inside(bytes, before));
  const forms = new Map<string, Buffer>([['as it is', bytes]]);
  for (const text of [hex, hex.toUpperCase()])
    forms.set(`in hexadecimal (${text.slice(0, 6)})`, Buffer.from(text));
  for (const text of base64) {
    forms.set(`in base64 (${text.slice(0, 6)})`, Buffer.from(text));
    const url = text.replaceAll('+', '-').replaceAll('/', '_');
    forms.set(`in base64url (${url.slice(0, 6)})`, Buffer.from(url));
  }
  return {name, forms: [...forms].map(([form, found]) => ({form, bytes: found}))};
}

/** The first find of each form. */
export function findNeedles(haystack: Uint8Array | string, needles: readonly Needle[]): Find[] {
  const bytes = asBuffer(haystack);
  return needles.flatMap(({name, forms}) =>
    forms.flatMap(({form, bytes: sought}) => {
      const at = bytes.indexOf(sought);
      if (at < 0) return [];
      const around = bytes.subarray(Math.max(0, at - AROUND), at + sought.length + AROUND);
      return [{needle: name, form, around: around.toString('latin1').replace(/[^ -~]/g, '.')}];
    }),
  );
}

function asBuffer(content: Uint8Array | string): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
