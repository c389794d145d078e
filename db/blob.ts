// Many byte strings as one parameter: Postgres cuts them out again by place and length. Spares an encoding of
// each, which an array of bytea would cost.

export interface Blob {
  /** Adds bytes and answers where they begin, counted from 1 as `substring` does, and how many they are. */
  add(bytes: Uint8Array): {from: number; length: number};
  toBuffer(): Buffer;
}

export function createBlob(): Blob {
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      const from = size + 1;
      parts.push(bytes);
      size += bytes.length;
      return {from, length: bytes.length};
    },
    toBuffer: () => Buffer.concat(parts, size),
  };
}
