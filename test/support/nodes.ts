// Several whole servers on one database, each with a port for sockets, that hear of each other as in life.
import {onTestFinished} from 'vitest';
import type {Repair} from '#server/sync/nodes.ts';
import {PostgresBus} from '#server/sync/postgres-bus.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {connectDatabase} from '#db/connect.ts';
import {Watched} from '../conformance/watch.ts';
import {startLive, type LiveServer, type Wire} from './live-world.ts';
import {createWorld, type World} from './world.ts';

/** What happened on the bus of one node; `until` waits for it. */
export class Heard extends Watched {
  sent = 0;
  readonly lagsMs: number[] = [];
  readonly lost: string[] = [];
  reconnects = 0;
  readonly repairs: Repair[] = [];
  /** Groups that its lanes committed. */
  readonly flushes: {readonly changes: number; readonly ms: number}[] = [];
  /** Kinds of what its lanes recovered from. */
  readonly faults: string[] = [];

  note(happen: () => unknown): void {
    happen();
    this.changed();
  }
}

export interface TestNode {
  readonly world: World;
  readonly live: LiveServer;
  readonly bus: PostgresBus;
  readonly heard: Heard;
  /** Ends all but the database. */
  readonly stop: () => Promise<void>;
}

export interface NodeOptions {
  readonly nextTo?: TestNode;
  /** How the bus gets to the database, if not straight. */
  readonly busUrl?: string;
  /** What lies between its sockets and their sessions, if anything. */
  readonly through?: Wire;
}

/** A node on a database of its own, or beside another one. Gone with the test that runs. */
export async function startNode({nextTo, busUrl, ...wire}: NodeOptions = {}): Promise<TestNode> {
  const base: World = nextTo?.world ?? (await createWorld());
  if (nextTo === undefined) onTestFinished(() => base.close());
  const {url} = base.database;
  const heard = new Heard();
  const bus = new PostgresBus({
    url: busUrl ?? url,
    watch: {
      sent: (count) => heard.note(() => (heard.sent += count)),
      received: (lagMs) => heard.note(() => heard.lagsMs.push(lagMs)),
      lost: (direction) => heard.note(() => heard.lost.push(direction)),
      reconnected: () => heard.note(() => heard.reconnects++),
    },
  });
  const {pool, end} = connectDatabase({url, poolSize: 6, applicationName: 'node'});
  const world = await createWorld({
    nextTo: base,
    pool,
    bus,
    onFlush: ({receipts, ms}) => heard.note(() => heard.flushes.push({changes: receipts.length, ms})),
    onFault: ({kind}) => heard.note(() => heard.faults.push(kind)),
    onRepair: (repair) => heard.note(() => heard.repairs.push(repair)),
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await world.close();
      await bus.stop();
      await end();
    })());
  onTestFinished(stop);
  return {world, live: await startLive(world, {start: startWsTransport, ...wire}), bus, heard, stop};
}
