// Stands between a client of Postgres and the server, and cuts the connection where a test says.
import {once} from 'node:events';
import {createConnection, createServer, type AddressInfo, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

/** What a client sent in one go, as text: statements of the simple and the extended protocol are readable in it. */
export type Sent = string;

export interface Cut {
  /** The first message this is true of is where the cut happens. `count`: of messages so far, from 1. */
  readonly at: (sent: Sent, count: number) => boolean;
  /** `before`: the message does not reach the server. `after`: it does, and its answer does not come back. */
  readonly when: 'before' | 'after';
}

export interface TcpProxy {
  /** The given URL, through the proxy. */
  readonly url: string;
  /** Of all connections so far. */
  readonly sent: Sent[];
  /** One cut at a time, once; then everything passes again. */
  cutNext(cut: Cut): void;
  /** Whether a cut was asked for and has not happened yet. */
  isArmed(): boolean;
  /** Cuts all connections, and refuses new ones until `accept`. */
  refuse(): void;
  accept(): void;
  /** Swallows all bytes both ways: connections, new ones too, stay open and say nothing, until `accept`. */
  silence(): void;
}

/** Goes away with the test that runs. */
export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const sent: Sent[] = [];
  let cut: Cut | null = null;
  let isRefusing = false;
  let isSilent = false;

  const server = createServer((client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({host: target.hostname, port: Number(target.port)});
    let isCut = false;
    const end = (): void => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        if (!isCut) end();
      });
    }
    client.on('data', (bytes) => {
      if (isSilent) return;
      const message = bytes.toString('latin1');
      sent.push(message);
      if (cut === null || !cut.at(message, sent.length)) {
        upstream.write(bytes);
        return;
      }
      const {when} = cut;
      cut = null;
      isCut = true;
      if (when === 'before') {
        end();
        return;
      }
      // The answer shows that the server carried it out; it goes no further.
      upstream.removeAllListeners('data');
      upstream.once('data', end);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!isSilent) client.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(async () => {
    cutAll();
    server.close();
    await once(server, 'close');
  });
  const proxied = new URL(target);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as AddressInfo).port);
  return {
    url: proxied.href,
    sent,
    cutNext: (next) => {
      cut = next;
    },
    isArmed: () => cut !== null,
    refuse() {
      isRefusing = true;
      cutAll();
    },
    accept: () => {
      // What was swallowed would be missing in the middle.
      if (isSilent) cutAll();
      isRefusing = false;
      isSilent = false;
    },
    silence: () => {
      isSilent = true;
    },
  };
}
