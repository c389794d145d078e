// One row of inputs on one scene. What is being tried stands in `watch`, so that somebody else can tell what a thread
// hangs on.
import {getHeapStatistics} from 'node:v8';
import {emptyFigures, type Figures} from './figures.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import type {Scene, Target, TargetOf, Verdict} from './target.ts';

/** Inputs tried on one scene. */
export const ROW_INPUTS = 400;

/** Told before each input, with none before the scene is made. */
export type Watch = (place: {row: number; index: number; input: Uint8Array}) => void;

/** An input that broke a rule. */
export interface Failure {
  readonly target: string;
  readonly row: number;
  readonly index: number;
  readonly input: Uint8Array;
  readonly what: string;
}

export type RowResult = {readonly figures: Figures; readonly failure: Failure | null};

/** Rows of neighbouring numbers must not wander alike. */
const randomOf = (seed: number, row: number): Random =>
  randomFrom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(row + 1, 0xc2b2ae35));

/** The same seed and row, the same inputs. Ends at the first failure: the scene may be broken too. */
export async function tryRow(
  {seed, row, targetOf}: {seed: number; row: number; targetOf: TargetOf},
  watch: Watch,
): Promise<RowResult> {
  const target = targetOf(row);
  const figures = emptyFigures(target.name);
  let input = new Uint8Array();
  let index = -1;
  try {
    watch({row, index, input});
    const scene = target.begin(randomOf(seed, row));
    for (index = 0; index < ROW_INPUTS; index++) {
      input = new Uint8Array(scene.make());
      watch({row, index, input});
      await tryInput({target, scene, input}, figures);
    }
    scene.finish();
    return {figures, failure: null};
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {figures, failure: {target: target.name, row, index, input, what}};
  }
}

/** How often an input that took long is tried in all: the thread may have been kept waiting. */
const TIMED_TRIES = 3;

async function tryInput(
  {target, scene, input}: {target: Target; scene: Scene; input: Uint8Array},
  figures: Figures,
): Promise<void> {
  const bytesBefore = heldBytes();
  const first = await timeOffer(scene, input);
  // A collection in between makes it less than nothing; the largest of many is what counts.
  figures.worstBytes = Math.max(figures.worstBytes, heldBytes() - bytesBefore);
  let {ms} = first;
  for (let tries = 1; target.isPure && ms > figures.worstMs && tries < TIMED_TRIES; tries++) {
    ms = Math.min(ms, (await timeOffer(scene, input)).ms);
  }
  figures.worstMs = Math.max(figures.worstMs, ms);
  figures.inputs++;
  if (first.verdict.accepted) figures.accepted++;
  first.verdict.verify?.();
}

async function timeOffer(scene: Scene, input: Uint8Array): Promise<{verdict: Verdict; ms: number}> {
  const begun = performance.now();
  const offered = scene.offer(input);
  // Most answer at once, and a promise for each would cost more than they do.
  const verdict = offered instanceof Promise ? await offered : offered;
  return {verdict, ms: performance.now() - begun};
}

function heldBytes(): number {
  const {used_heap_size: used, external_memory: external} = getHeapStatistics();
  return used + external;
}
