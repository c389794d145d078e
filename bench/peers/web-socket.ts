// A device's WebSocket: binary frames, no compression, the same settings for every peer.
import {once} from 'node:events';
import WebSocket from 'ws';

export interface DeviceSocket {
  send(frame: Uint8Array): void;
  /** Cuts the connection without a word. */
  drop(): void;
  close(): Promise<void>;
}

/** Resolves once open. `onGone`: the server ended the connection, with its code. */
export async function openSocket(
  url: string,
  events: {onFrame: (frame: Uint8Array) => void; onGone: (code: number) => void},
): Promise<DeviceSocket> {
  const socket = new WebSocket(url, {perMessageDeflate: false});
  let closing = false;
  socket.on('message', (frame: Buffer) => events.onFrame(frame));
  socket.on('close', (code) => {
    if (!closing) events.onGone(code);
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    send: (frame) => socket.send(frame),
    drop() {
      closing = true;
      socket.terminate();
    },
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      closing = true;
      const gone = once(socket, 'close');
      socket.close();
      await gone;
    },
  };
}
