// One peer's turn at one scenario: its database, its folder, its server, and what the operating system says of them.
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Peer, PeerServer, StartOptions} from './peers/peer.ts';
import type {BenchPostgres} from './postgres.ts';
import {cpuSecondsOf, forgetPeak, peakBytesOf} from './process-usage.ts';
import type {Trial} from './scenarios/scenario.ts';

export interface TrialSettings {
  readonly postgres: Omit<BenchPostgres, 'stop'>;
  readonly peer: Peer;
  readonly scale: number;
  /** False: the server that seeded is used on, so nothing is cold. Spares time where figures do not matter. */
  readonly isCold: boolean;
  readonly profileFolder: string | undefined;
}

let databases = 0;

/** `close` stops and drops whatever the trial left. */
export function openTrial(settings: TrialSettings): Trial & {close(): Promise<void>} {
  const {postgres, peer, scale} = settings;
  let place: {name: string; databaseUrl: string; folder: string; cursor: string | null} | undefined;
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

  async function makePlace() {
    const name = `bench_${++databases}`;
    const folder = join(postgres.folder, name);
    await mkdir(folder);
    return {name, folder, databaseUrl: await postgres.create(name), cursor: null};
  }

  async function startServer(needs: {devices: number; records: number}): Promise<PeerServer> {
    if (running !== undefined && !settings.isCold) return running;
    await stop();
    place ??= await makePlace();
    const {databaseUrl, folder} = place;
    const options: StartOptions = {databaseUrl, folder, devices: needs.devices, profileFolder: undefined};
    if (place.cursor === null) {
      running = await peer.start(options);
      place.cursor = await peer.seed(running, {...options, records: needs.records});
      if (settings.isCold) {
        await stop();
        await postgres.checkpoint();
      }
    }
    running ??= await peer.start({...options, profileFolder: settings.profileFolder});
    running = {...running, access: {...running.access, cursor: place.cursor}};
    return running;
  }

  return {
    peer,
    scale,
    startServer,
    forget,
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
