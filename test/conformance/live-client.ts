// The peers of the conformance suite: the unmodified `ws` client, and a bare TCP socket for bytes that no
// client would send.

import {connect, type Socket as TcpSocket} from 'node:net';
import {WebSocket} from 'ws';
import {Watched} from './watch.ts';

/** A `ws` client that keeps what it got. */
export class LiveClient extends Watched {
  readonly ws: WebSocket;
  readonly frames: Buffer[] = [];
  pongs = 0;
  closed: {code: number; reason: string} | undefined;

  constructor(url: string) {
    super();
    this.ws = new WebSocket(url, {perMessageDeflate: true});
    this.ws.on('message', (data: Buffer) => this.#note(() => this.frames.push(data)));
    this.ws.on('pong', () => this.#note(() => this.pongs++));
    this.ws.on('open', () => this.changed());
    // `close` follows, and is what the tests look at.
    this.ws.on('error', () => this.changed());
    this.ws.on('close', (code, reason) =>
      this.#note(() => (this.closed = {code, reason: reason.toString()})),
    );
  }

  async opened(): Promise<this> {
    await this.until(() => this.ws.readyState !== WebSocket.CONNECTING);
    return this;
  }

  /** The next frame's echo. On an echoing connection everything sent before has then been handled. */
  async echo(bytes: Uint8Array): Promise<Buffer> {
    const before = this.frames.length;
    this.ws.send(bytes);
    await this.until(() => this.frames.length > before || this.closed !== undefined);
    return this.frames[before]!;
  }

  #note(change: () => void): void {
    change();
    this.changed();
  }
}

export const openClient = async (port: number, path: string): Promise<LiveClient> =>
  new LiveClient(`ws://127.0.0.1:${port}${path}`).opened();

/** Bare TCP: what came back so far, and whether the other end is gone. */
export class BareClient extends Watched {
  readonly tcp: TcpSocket;
  received = '';
  isClosed = false;

  constructor(port: number) {
    super();
    this.tcp = connect(port, '127.0.0.1');
    this.tcp.setNoDelay(true);
    this.tcp.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.changed();
    });
    this.tcp.on('error', () => this.changed());
    this.tcp.on('close', () => {
      this.isClosed = true;
      this.changed();
    });
  }

  /** Upgrades by hand; resolves after the 101. */
  async upgrade(path: string): Promise<this> {
    const head = [
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString('base64')}`,
    ];
    this.tcp.write(`${head.join('\r\n')}\r\n\r\n`);
    await this.until(() => this.received.includes('\r\n\r\n') || this.isClosed);
    return this;
  }
}
