// Everything one run measured, as it is written to a JSON file, read again, compared and drawn.
import {readFile} from 'node:fs/promises';
import {z} from 'zod';
import {peerNames} from './peers/peer.ts';

/** JSON knows no NaN: what a peer has no figure for is null there. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
const spread = z.object({median: figure, low: figure, high: figure});
const peer = z.enum(peerNames);

const column = z.object({
  key: z.string(),
  title: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']).optional(),
});

const row = z.object({
  peer,
  way: z.string(),
  trials: z.array(z.record(z.string(), figure)),
  values: z.record(z.string(), spread),
  distributions: z.record(z.string(), z.array(figure)),
});

const goal = z.object({
  key: z.string(),
  way: z.string(),
  against: z.object({peer, way: z.string()}).optional(),
  value: z.number(),
  ratio: z.number(),
  bound: z.union([
    z.object({atMost: z.number(), orPlus: z.number().optional()}),
    z.object({atLeast: z.number()}),
  ]),
  isReached: z.boolean(),
});

export const runFile = z.object({
  /** ISO 8601. */
  at: z.string(),
  /** Of the command line, as typed. */
  command: z.string(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  /** 1 is the full load. */
  scale: z.number(),
  repetitions: z.number(),
  /** Peers asked for that cannot be measured on this machine, and why. */
  absent: z.array(z.object({peer, reason: z.string()})),
  results: z.array(
    z.object({name: z.string(), columns: z.array(column), rows: z.array(row), goals: z.array(goal)}),
  ),
});

export type RunFile = z.output<typeof runFile>;
export type RunResult = RunFile['results'][number];
export type RunRow = RunResult['rows'][number];

/** Throws if it is none. */
export async function readRunFile(path: string): Promise<RunFile> {
  return runFile.parse(JSON.parse(await readFile(path, 'utf8')));
}
