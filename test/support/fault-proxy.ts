// Stands between a client and a server (a device and a node, a node and Postgres) and does to their connections what
// networks do. Knows no test runner: the kill test uses it too. Tests of one file take it from tcp-proxy.ts.
import {once} from 'node:events';
import {createConnection, createServer, type AddressInfo, type Socket} from 'node:net';
import {createPipe, type Pipe, type Pace} from './fault-pipe.ts';

/** What one side sent in one go, a byte per character: statements of Postgres' protocol are readable in it. */
export type Sent = string;

/**
 * Whether Postgres commits at something in this message: at a COMMIT (not the READ COMMITTED of a BEGIN), or at the end of a
 * statement that is a transaction of its own (not where that is prepared).
 */
export const isCommit = (sent: Sent): boolean => /COMMIT(?!TED)|(?<!PREPARE )at_once/.test(sent);

export interface Cut {
  /** The first message this is true of is where the cut happens. `count`: of the direction's messages, from 1. */
  readonly at: (sent: Sent, count: number) => boolean;
  /**
   * `before`: the message does not arrive. `middle`: its first half does. `after`: all of it does; going up, its
   * answer was on the way back, and does not arrive.
   */
  readonly when: 'before' | 'middle' | 'after';
  /** Whose message: `up`, the client's, if not said otherwise. */
  readonly direction?: 'up' | 'down';
  /** `strand`: the connection stays open for good and says nothing more; else it is reset. */
  readonly how?: 'reset' | 'strand';
}

export interface FaultProxy {
  /** The given URL, through the proxy. */
  readonly url: string;
  /** What clients sent, on all connections so far. */
  readonly sent: Sent[];
  /** Connections that are open. */
  connections(): number;
  /** One cut at a time, once; then everything passes again. */
  cutNext(cut: Cut): void;
  /** Whether a cut was asked for and has not happened yet. */
  isArmed(): boolean;
  /** From now on, both ways; bytes already under way keep their pace. Nothing given: as fast as it goes. */
  setPace(pace: Partial<Pace>): void;
  /** Resets all connections, and refuses new ones until `accept`. */
  refuse(): void;
  /** Swallows all bytes both ways: connections, new ones too, stay open and say nothing, until `accept`. */
  silence(): void;
  /** Half-open for good: the connections of now stay open and say nothing; new ones work. */
  strand(): void;
  accept(): void;
  /** Resets all connections; new ones lead to another server. */
  aim(url: string): void;
  close(): Promise<void>;
}

interface Link {
  readonly ends: readonly Socket[];
  isStranded: boolean;
  reset(): void;
}

export async function openFaultProxy(url: string): Promise<FaultProxy> {
  const links = new Set<Link>();
  const sent: Sent[] = [];
  const pace: {-readonly [K in keyof Pace]: Pace[K]} = {latencyMs: 0, bytesPerSecond: Infinity};
  const counts = {up: 0, down: 0};
  let target = new URL(url);
  let cut: Cut | null = null;
  let mode: 'open' | 'refusing' | 'silent' = 'open';

  const takeCut = (direction: 'up' | 'down', message: Sent): Cut | null => {
    const count = ++counts[direction];
    if (direction === 'up') sent.push(message);
    if (cut === null || (cut.direction ?? 'up') !== direction || !cut.at(message, count)) return null;
    const taken = cut;
    cut = null;
    return taken;
  };

  const server = createServer({noDelay: true}, (client) => {
    if (mode === 'refusing') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({host: target.hostname, port: Number(target.port), noDelay: true});
    const link: Link = {
      ends: [client, upstream],
      isStranded: false,
      reset() {
        links.delete(link);
        for (const end of link.ends) end.resetAndDestroy();
      },
    };
    links.add(link);
    const pipes = {up: createPipe(client, upstream, pace), down: createPipe(upstream, client, pace)};
    relay(link, {pipes, isSilent: () => mode === 'silent', takeCut});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const resetAll = (): void => {
    for (const link of links) link.reset();
  };
  const proxied = new URL(target);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as AddressInfo).port);
  return {
    url: proxied.href,
    sent,
    connections: () => links.size,
    cutNext: (next) => {
      cut = next;
    },
    isArmed: () => cut !== null,
    setPace: ({latencyMs = 0, bytesPerSecond = Infinity}) =>
      void Object.assign(pace, {latencyMs, bytesPerSecond}),
    refuse() {
      mode = 'refusing';
      resetAll();
    },
    silence: () => {
      mode = 'silent';
    },
    strand() {
      for (const link of links) link.isStranded = true;
    },
    accept() {
      // What was swallowed would be missing in the middle.
      if (mode === 'silent') resetAll();
      mode = 'open';
    },
    aim(next) {
      target = new URL(next);
      resetAll();
    },
    async close() {
      resetAll();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Relay {
  readonly pipes: {readonly up: Pipe; readonly down: Pipe};
  readonly isSilent: () => boolean;
  readonly takeCut: (direction: 'up' | 'down', message: Sent) => Cut | null;
}

function relay(link: Link, {pipes, isSilent, takeCut}: Relay): void {
  const [client, upstream] = link.ends as [Socket, Socket];
  const isMute = (): boolean => isSilent() || link.isStranded;
  let isCut = false;
  const ends = [
    [client, pipes.up],
    [upstream, pipes.down],
  ] as const;
  for (const [end, pipe] of ends) {
    // Of a connection that is mute, nobody is told that it ended.
    end.on('error', () => {
      if (!isMute()) link.reset();
    });
    end.on('end', () => {
      if (!isMute() && !isCut) pipe.end();
    });
    end.on('close', () => {
      if (link.ends.every(({destroyed}) => destroyed)) link.reset();
    });
  }
  const end = ({how = 'reset'}: Cut): void => {
    if (how === 'reset') link.reset();
    else link.isStranded = true;
  };
  const receive = (direction: 'up' | 'down', bytes: Buffer): void => {
    if (isMute() || isCut) return;
    const taken = takeCut(direction, bytes.toString('latin1'));
    if (taken === null) {
      pipes[direction].write(bytes);
      return;
    }
    isCut = true;
    if (taken.when === 'before') {
      end(taken);
      return;
    }
    const passed = taken.when === 'middle' ? bytes.subarray(0, bytes.length >> 1) : bytes;
    pipes[direction].write(passed, () => {
      // The answer shows that the server carried it out; it goes no further.
      if (direction === 'up' && taken.when === 'after') upstream.once('data', () => end(taken));
      else end(taken);
    });
  };
  client.on('data', (bytes: Buffer) => receive('up', bytes));
  upstream.on('data', (bytes: Buffer) => receive('down', bytes));
}
