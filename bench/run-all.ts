// Runs scenarios one after the other with the peers that this machine has. Called by main.ts and smoke.ts.
import {describeMachine} from './machine.ts';
import type {Peer} from './peers/peer.ts';
import {formatResult} from './report.ts';
import type {RunFile} from './run-file.ts';
import {runScenario, type RunSettings} from './run-scenario.ts';
import type {Scenario} from './scenarios/scenario.ts';

export interface RunAllSettings extends RunSettings {
  readonly scenarios: readonly Scenario[];
  readonly command: string;
  /** Gets each result as text as soon as it is there. */
  readonly onResult: (text: string) => void;
  /** Gets all that is measured so far after each scenario. */
  readonly onScenario?: (run: RunFile) => Promise<void>;
}

export async function runAll(settings: RunAllSettings): Promise<RunFile> {
  const {scale, repetitions, command, onResult} = settings;
  const machine = describeMachine(settings.postgres.version);
  onResult(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
  );
  const {peers, absent} = sortOut(settings.peers);
  for (const {peer, reason} of absent) onResult(`${peer}: not here. ${reason}`);
  const results: RunFile['results'] = [];
  const run = {at: new Date().toISOString(), command, machine, scale, repetitions, absent, results};
  for (const scenario of settings.scenarios) {
    const result = await runScenario(scenario, {...settings, peers});
    onResult(formatResult(scenario, result, {peers, scale}));
    results.push(structuredClone(result) as RunFile['results'][number]);
    await settings.onScenario?.(run);
  }
  return run;
}

function sortOut(wanted: readonly Peer[]): {peers: Peer[]; absent: RunFile['absent']} {
  const peers: Peer[] = [];
  const absent: RunFile['absent'] = [];
  for (const peer of wanted) {
    const reason = peer.findObstacle();
    if (reason === null) peers.push(peer);
    else absent.push({peer: peer.name, reason});
  }
  return {peers, absent};
}
