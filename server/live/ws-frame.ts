// Frames of RFC 6455 as a server sends them: final, binary, not masked.

const FINAL_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

let lastPayload: Uint8Array | undefined;
let lastFrame: Buffer | undefined;

/**
 * The payload behind its header, in one buffer. The same payload asked for again gives the same buffer, which
 * is what fan-out does: one frame, many sockets. The payload must not be written to afterwards.
 */
export function frameBinary(payload: Uint8Array): Buffer {
  if (payload === lastPayload && lastFrame !== undefined) return lastFrame;
  const length = payload.byteLength;
  const headBytes = length < LENGTH_16 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = FINAL_BINARY;
  if (headBytes === 2) {
    frame[1] = length;
  } else if (headBytes === 4) {
    frame[1] = LENGTH_16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_64;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.set(payload, headBytes);
  lastPayload = payload;
  lastFrame = frame;
  return frame;
}
