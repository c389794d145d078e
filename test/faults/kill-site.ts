// What the kill test kills: one server with its embedded Postgres, or several nodes on one Postgres.
import {setTimeout as delay} from 'node:timers/promises';
import {startEmbedded} from '#db/embedded.ts';
import {openFaultProxy} from '#test/support/fault-proxy.ts';
import type {Random} from '#test/support/random.ts';
import {crash, isReady, startServerProcess, type ServerProcess} from './kill-server.ts';

export interface Site {
  /** Of servers that should answer now. */
  urls(): readonly string[];
  /** Kills whatever it is this round's turn of. */
  strike(round: number): Promise<void>;
  /** Starts what was killed. Resolves once those that run are ready; some may still be starting. */
  mend(): Promise<void>;
  /** Of each server that did not stop in order, or had ended before anybody killed it: how it ended. */
  stop(): Promise<readonly string[]>;
  readonly figures: SiteFigures;
}

export interface SiteFigures {
  nodeKills: number;
  postgresKills: number;
  /** Milliseconds from the start of a server until it was ready, per start. */
  readonly readyMs: number[];
}

const newFigures = (): SiteFigures => ({nodeKills: 0, postgresKills: 0, readyMs: []});

const orders = ['server', 'server-first', 'server', 'postgres-first'] as const;

/** In every other round Postgres goes down with its server, shortly before or after it. */
export async function startSingle(dataDir: string, random: Random): Promise<Site> {
  const figures = newFigures();
  const start = async (): Promise<ServerProcess> => {
    const started = await startServerProcess(dataDir);
    figures.readyMs.push(started.readyMs);
    return started;
  };
  let server = await start();
  return {
    figures,
    urls: () => [server.url],
    async strike(round) {
      const order = orders[round % orders.length] ?? 'server';
      figures.nodeKills++;
      if (order !== 'server') figures.postgresKills++;
      await crash(server, {dataDir, order, gapMs: random.integer(60)});
    },
    async mend() {
      server = await start();
    },
    stop: () => stopAll([server]),
  };
}

async function stopAll(servers: readonly ServerProcess[]): Promise<string[]> {
  const codes = await Promise.all(servers.map((server) => server.stop()));
  return servers
    .filter((_, index) => codes[index] !== 0)
    .map((server) => `a server did not stop in order, ${server.describeEnd()}`);
}

/** Every so many strikes hit Postgres, alone or with a node. */
const POSTGRES_EVERY = 2;
/** Of one node, until it is up. */
const STARTS_MAX = 20;

/** Nodes on one Postgres: one is killed per round while the others serve, and Postgres under all of them. */
export async function startFleet(
  dataDir: string,
  {nodes: count, random}: {nodes: number; random: Random},
): Promise<Site> {
  const figures = newFigures();
  let postgres = await startEmbedded({dataDir});
  // Postgres has another port after each start; the nodes live on and must not notice more than a broken connection.
  const proxy = await openFaultProxy(postgres.url);
  const nodes: ServerProcess[] = [];
  const starting = new Set<Promise<void>>();
  const startNode = async (attempt = 1): Promise<void> => {
    const node = await startServerProcess(dataDir, {DATABASE_URL: proxy.url}).catch((error: unknown) => {
      // Postgres may have gone down under its start: whoever looks after processes starts it again.
      if (attempt === STARTS_MAX) throw error;
      return null;
    });
    if (node === null) return startNode(attempt + 1);
    figures.readyMs.push(node.readyMs);
    nodes.push(node);
  };
  // The first makes the keys that all share.
  for (let made = 0; made < count; made++) await startNode();
  let isPostgresDown = false;
  let missing = 0;
  const endedAlone = new Set<ServerProcess>();

  const lookAgain = async (): Promise<void> => {
    for (const node of nodes) if (node.hasEnded()) endedAlone.add(node);
    await delay(10);
  };
  const killPostgres = async (): Promise<void> => {
    figures.postgresKills++;
    isPostgresDown = true;
    await postgres.kill();
  };
  const killNode = async (): Promise<void> => {
    const [victim] = nodes.splice(random.integer(nodes.length), 1);
    if (victim === undefined) return;
    if (victim.hasEnded()) endedAlone.add(victim);
    figures.nodeKills++;
    missing++;
    await victim.kill();
  };
  return {
    figures,
    urls: () => nodes.map(({url}) => url),
    async strike(round) {
      if (round % POSTGRES_EVERY > 0) return killNode();
      const steps = round % (2 * POSTGRES_EVERY) === 0 ? [killPostgres] : [killPostgres, killNode];
      if (random.integer(2) === 0) steps.reverse();
      for (const step of steps) {
        await step();
        await delay(random.integer(60));
      }
    },
    async mend() {
      if (isPostgresDown) {
        postgres = await startEmbedded({dataDir});
        proxy.aim(postgres.url);
        isPostgresDown = false;
      }
      for (; missing > 0; missing--) {
        const started = startNode();
        starting.add(started);
        // A start that fails shows where it is waited for.
        started.then(
          () => starting.delete(started),
          () => undefined,
        );
      }
      // Two are left to be struck: one may die and the other serve.
      while (nodes.length < Math.min(2, count)) await Promise.race(starting);
      for (const {url} of nodes) while (endedAlone.size === 0 && !(await isReady(url))) await lookAgain();
    },
    async stop() {
      await Promise.all(starting);
      const troubles = await stopAll(nodes.filter((node) => !endedAlone.has(node)));
      await proxy.close();
      await postgres.stop();
      const alone = [...endedAlone].map((node) => `a server ended by itself, ${node.describeEnd()}`);
      return [...alone, ...troubles];
    },
  };
}
