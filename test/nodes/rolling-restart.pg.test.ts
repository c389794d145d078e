// Three servers on one Postgres are restarted one after the other, as a new release is rolled out, while devices write and
// follow. ROLLS=20 npx vitest run test/nodes/rolling-restart.pg.test.ts goes round more often.
import {expect, onTestFinished, test} from 'vitest';
import {startEmbedded} from '#db/embedded.ts';
import {percentile} from '#bench/statistics.ts';
import {checkDatabase, checkDocuments, checkRows, type Faults} from '../faults/kill-check.ts';
import {startServerProcess, type ServerProcess} from '../faults/kill-server.ts';
import {prepareTenant, startLoad} from '../faults/kill-stage.ts';
import {makeScratchFolder} from '../support/scratch-folder.ts';
import {startFollower} from './follower.ts';

const ROLLS = Number(process.env['ROLLS'] ?? 1);
const SERVERS = 3;
const FOLLOWERS = 9;
const DEVICES = {json: 2, yjs: 2, live: 3};
const WRITES_BETWEEN = 40;

interface Fleet {
  /** Of servers that take requests: those that a load balancer would name. */
  readonly urls: () => readonly string[];
  /** One is told to stop, waited for, and started anew; answers its exit code. */
  readonly roll: (place: number) => Promise<number | null>;
}

async function startFleet(dataDir: string, onChange: () => void): Promise<Fleet> {
  const postgres = await startEmbedded({dataDir});
  onTestFinished(() => postgres.stop());
  const start = async (): Promise<ServerProcess> => {
    const server = await startServerProcess(dataDir, {DATABASE_URL: postgres.url});
    onTestFinished(() => server.kill());
    return server;
  };
  const servers: (ServerProcess | null)[] = [];
  // The first makes the keys that all share.
  for (let made = 0; made < SERVERS; made++) servers.push(await start());
  return {
    urls: () => servers.flatMap((server) => server?.url ?? []),
    async roll(place) {
      const server = servers[place]!;
      servers[place] = null;
      onChange();
      const code = await server.stop();
      servers[place] = await start();
      onChange();
      return code;
    },
  };
}

// I1 of docs/reliability.md.
test(
  `three servers restarted in turn under load lose nothing, double nothing, and every device is soon current: ${ROLLS} rounds`,
  {timeout: 180_000 + ROLLS * 120_000},
  async () => {
    const dataDir = await makeScratchFolder();
    const faults: Faults = {lost: [], doubled: [], other: []};
    let changed = (): void => undefined;
    const fleet = await startFleet(dataDir, () => changed());
    const {access, shared} = await prepareTenant(fleet.urls()[0]!, dataDir);
    const task = {token: access.token, tenantId: access.tenantId, shared, devices: DEVICES};
    const load = startLoad(task, (message) => faults.other.push(message));
    onTestFinished(() => load.end());
    changed = () => load.tell({kind: 'servers', urls: fleet.urls()});
    changed();
    let turn = 0;
    const nextUrl = (): string => fleet.urls()[turn++ % fleet.urls().length]!;
    const followers = await Promise.all(Array.from({length: FOLLOWERS}, () => startFollower(task, nextUrl)));
    onTestFinished(() => followers.forEach((follower) => follower.stop()));
    const acked = async (): Promise<number> =>
      (await load.report()).writes.filter((write) => write.acked).length;

    load.tell({kind: 'resume'});
    const codes: (number | null)[] = [];
    for (let roll = 0; roll < ROLLS * SERVERS; roll++) {
      const before = await acked();
      await expect.poll(acked, {timeout: 60_000}).toBeGreaterThan(before + WRITES_BETWEEN);
      codes.push(await fleet.roll(roll % SERVERS));
    }
    await load.pause();

    const {writes, resent, interruptionsMs} = await load.report();
    expect(writes.filter((write) => !write.acked)).toEqual([]);
    const where = {...access, url: fleet.urls()[0]!, dataDir};
    await checkRows(where, writes, faults);
    await checkDocuments(where, writes, faults);
    await checkDatabase(where, writes, faults);
    const last = Math.max(...writes.map(({seq}) => seq ?? 0));
    for (const follower of followers) await follower.reached(last);
    const gaps = followers.flatMap(({gapsMs}) => gapsMs).toSorted((a, b) => a - b);
    const interruptions = interruptionsMs.toSorted((a, b) => a - b);
    console.log(
      `rolling restart: ${codes.length} restarts, ${writes.length} writes acknowledged, ${faults.lost.length} lost, ` +
        `${faults.doubled.length} doubled, ${resent} sent again\n` +
        `  ${gaps.length} times a follower was current again after median ${percentile(gaps, 0.5).toFixed(0)} ms, most ` +
        `${(gaps.at(-1) ?? NaN).toFixed(0)} ms; ${interruptions.length} writes were held up, most ` +
        `${(interruptions.at(-1) ?? 0).toFixed(0)} ms`,
    );
    expect(faults).toEqual({lost: [], doubled: [], other: []});
    expect(codes.every((code) => code === 0)).toBe(true);
    expect(gaps.length).toBeGreaterThanOrEqual(ROLLS * FOLLOWERS);
    const shown = followers.map(({records}) =>
      shared.map((id) => records.get(`tasks/${id}`)!.doc.getMap('fields').toJSON()),
    );
    for (const one of shown) expect(one).toEqual(shown[0]);
  },
);
