// A smoke of every scenario at a small load, for correctness only: edits arrive, are acknowledged and converge.
import {mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {summarizeDeliveries} from './load/deliveries.ts';
import {peerOf} from './peers/all-peers.ts';
import {isHocuspocusInstalled} from './peers/hocuspocus.ts';
import type {PeerName} from './peers/peer.ts';
import {useBenchPostgres, type BenchPostgres} from './postgres.ts';
import {runScenario} from './run-scenario.ts';
import {scenarios} from './scenarios/all-scenarios.ts';

const TRIAL_MS_MAX = 120_000;

let postgres: Omit<BenchPostgres, 'stop'>;
beforeAll(async () => {
  const folder = await mkdtemp(join(inject('scratchFolder'), 'bench-'));
  postgres = await useBenchPostgres(inject('postgresUrl'), {folder});
});
afterAll(() => rm(postgres.folder, {recursive: true, force: true}));

const names: readonly PeerName[] = [
  'fieldmerge',
  'floor-pg',
  ...(isHocuspocusInstalled() ? (['hocuspocus'] as const) : []),
];

describe.each(names)('%s', (name) => {
  const peer = peerOf(name);
  it.each(scenarios.filter((scenario) => scenario.isFor(peer)))(
    'goes through $name and keeps every edit',
    {timeout: TRIAL_MS_MAX},
    async (scenario) => {
      const {rows} = await runScenario(scenario, {
        postgres,
        peers: [peer],
        scale: 0.01,
        repetitions: 1,
        isCold: false,
        profileFolder: undefined,
        onProgress: () => undefined,
      });
      expect(rows.map((row) => row.peer)).toContain(name);
      for (const {trials} of rows) {
        for (const value of Object.values(trials[0] ?? {})) expect(value).not.toBeLessThan(0);
      }
    },
  );
});

describe('the summary of deliveries', () => {
  const shape = {records: 2, devices: 3};
  // Device 1 sends the first edit of record 1 at 100.
  const sent = [Float64Array.of(1, 1, 0, 100)];

  it('takes the time until the last of the others has an edit', () => {
    const received = [Float64Array.of(1, 1, 0, 1, 103), Float64Array.of(1, 1, 0, 1, 107)];
    const summary = summarizeDeliveries({sent, received}, shape);
    expect(summary).toMatchObject({edits: 1, lost: 0, spanMs: 7});
    expect([...summary.latencies]).toEqual([7]);
  });

  it('counts an edit as lost that one of the others does not have', () => {
    const received = [Float64Array.of(1, 1, 0, 1, 103)];
    expect(summarizeDeliveries({sent, received}, shape).lost).toBe(1);
  });
});
