// One peer's turn at one scenario: its database, its folder, its server, and what the operating system says of them.
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Needs, Peer, PeerServer, StartOptions} from './peers/peer.ts';
import type {BenchPostgres} from './postgres.ts';
import {cpuSecondsOf, forgetPeak, peakBytesOf, residentBytesOf} from './process-usage.ts';
import type {Trial} from './scenarios/scenario.ts';

export interface TrialSettings {
  readonly postgres: Omit<BenchPostgres, 'stop'>;
  readonly peer: Peer;
  readonly scale: number;
  /** False: the server that seeded is used on, so nothing is cold. Spares time where figures do not matter. */
  readonly isCold: boolean;
  readonly profileFolder: string | undefined;
}

interface Place {
  readonly name: string;
  readonly databaseUrl: string;
  readonly folder: string;
  /** Null: nothing is seeded yet. */
  cursor: string | null;
  tenantId: string;
  /** Records were put there past the cursor. */
  isFilled: boolean;
}

let databases = 0;

/** `close` stops and drops whatever the trial left. */
export function openTrial(settings: TrialSettings): Trial & {close(): Promise<void>} {
  const {postgres, peer, scale} = settings;
  let place: Place | undefined;
  let running: PeerServer | undefined;

  async function stop(): Promise<void> {
    await running?.stop();
    running = undefined;
  }

  async function forget(): Promise<void> {
    await stop();
    if (place === undefined) return;
    await postgres.drop(place.name);
    await rm(place.folder, {recursive: true, force: true});
    place = undefined;
  }

  async function makePlace(): Promise<Place> {
    const name = `bench_${++databases}`;
    const folder = join(postgres.folder, name);
    await mkdir(folder);
    return {
      name,
      folder,
      databaseUrl: await postgres.create(name),
      cursor: null,
      tenantId: '',
      isFilled: false,
    };
  }

  async function startServer(needs: Needs): Promise<PeerServer> {
    if (running !== undefined && !settings.isCold) return running;
    await stop();
    place ??= await makePlace();
    const {databaseUrl, folder} = place;
    const options: StartOptions = {databaseUrl, folder, needs, profileFolder: undefined};
    if (place.cursor === null) {
      running = await peer.start(options);
      place.cursor = await peer.seed(running, options);
      if (settings.isCold) {
        await stop();
        await postgres.checkpoint();
      }
    }
    running ??= await peer.start({...options, profileFolder: settings.profileFolder});
    if (place.isFilled) place.cursor = (await peer.readCursor?.(running.access)) ?? place.cursor;
    place.isFilled = false;
    place.tenantId = running.access.tenantId;
    running = {...running, access: {...running.access, cursor: place.cursor}};
    return running;
  }

  async function fill(records: number): Promise<void> {
    await stop();
    if (place === undefined || peer.fill === undefined) throw new Error('there is nothing to fill');
    await peer.fill({databaseUrl: place.databaseUrl, tenantId: place.tenantId, records});
    place.isFilled = true;
    if (settings.isCold) await postgres.checkpoint();
  }

  return {
    peer,
    scale,
    startServer,
    fill,
    forget,
    residentBytes: (server) => residentBytesOf(server.pid),
    async measure(server, work) {
      await forgetPeak(server.pid);
      const before = {server: await cpuSecondsOf(server.pid), postgres: await postgres.cpuSeconds()};
      const result = await work();
      const cost = {
        serverCpuSeconds: (await cpuSecondsOf(server.pid)) - before.server,
        postgresCpuSeconds: (await postgres.cpuSeconds()) - before.postgres,
        serverPeakBytes: await peakBytesOf(server.pid),
      };
      return {result, cost};
    },
    close: forget,
  };
}
