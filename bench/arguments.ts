// The command line of the bench.
import {parseArgs} from 'node:util';
import {peerNames, type PeerName} from './peers/peer.ts';
import {scenarios} from './scenarios/all-scenarios.ts';
import type {Scenario} from './scenarios/scenario.ts';

export const usage = `npm run bench -- [scenario ...] [--peers a,b] [--reps N] [--scale 0.1] [--json FILE] [--results FOLDER] [--profile FOLDER]

  scenario   ${scenarios.map(({name}) => name).join(', ')}; all if none is named
  --peers    ${peerNames.join(', ')}; all if absent
  --reps     repetitions of each, in turn; 3 if absent
  --scale    share of the full load; below 1 the figures are for checking only
  --json     writes everything measured to a file
  --results  writes tables, JSON and plots into a folder; bench/results if absent and everything runs in full
  --profile  writes CPU profiles of the Fieldmerge server into a folder`;

export interface Arguments {
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly PeerName[];
  readonly repetitions: number;
  readonly scale: number;
  readonly jsonFile: string | undefined;
  readonly resultsFolder: string | undefined;
  readonly profileFolder: string | undefined;
}

const isPeerName = (name: string): name is PeerName => (peerNames as readonly string[]).includes(name);

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
}

/** Throws with a sentence for the terminal. */
export function readArguments(args: readonly string[]): Arguments {
  const {values, positionals} = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: {type: 'string', default: peerNames.join(',')},
      reps: {type: 'string', default: '3'},
      scale: {type: 'string', default: '1'},
      json: {type: 'string'},
      results: {type: 'string'},
      profile: {type: 'string'},
    },
  });
  const named = positionals.map((name) => {
    const scenario = scenarios.find((candidate) => candidate.name === name);
    if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
    return scenario;
  });
  const peers = values.peers.split(',').map((name) => {
    if (!isPeerName(name)) throw new Error(`there is no peer ${name}`);
    return name;
  });
  const scale = positive('scale', values.scale);
  const isWhole = named.length === 0 && scale === 1 && peers.length === peerNames.length;
  return {
    scenarios: named.length > 0 ? named : scenarios,
    peers,
    repetitions: Math.ceil(positive('reps', values.reps)),
    scale,
    jsonFile: values.json,
    resultsFolder: values.results ?? (isWhole ? 'bench/results' : undefined),
    profileFolder: values.profile,
  };
}
