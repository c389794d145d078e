// From what became of each mutant to a score per file: how many of those that make a difference were noticed.
import {equivalents} from './equivalents.ts';
import type {Mutant, Verdicts} from './findings.ts';

/** Of a hundred. */
export const SCORE_MIN = 90;

export interface FileScore {
  readonly file: string;
  readonly noticed: number;
  readonly unnoticed: readonly string[];
  /** Listed as making no difference; not counted. */
  readonly equal: number;
  readonly score: number;
}

/** Sorted by file. A mutant that no test reaches counts as unnoticed; one that could not be switched on counts nowhere. */
export function scoreFiles(mutants: readonly Mutant[], verdicts: Verdicts): FileScore[] {
  return [...new Set(mutants.map(({file}) => file))].sort().map((file) => {
    const own = mutants.filter((mutant) => mutant.file === file && verdicts[mutant.key]?.kind !== 'loaded');
    const missed = own.filter(({key}) => verdicts[key]?.kind !== 'noticed');
    const unnoticed = missed.filter((mutant) => !isListed(mutant));
    const noticed = own.length - missed.length;
    const counted = noticed + unnoticed.length;
    return {
      file,
      noticed,
      unnoticed: unnoticed.map(
        ({line, code, replacement, key}) =>
          `${file}:${line}  ${code}  ->  ${replacement}${verdicts[key] === undefined ? '  (no test gets there)' : ''}`,
      ),
      equal: missed.length - unnoticed.length,
      score: counted === 0 ? 100 : (100 * noticed) / counted,
    };
  });
}

const isListed = ({file, onLine, code, replacement}: Mutant): boolean =>
  equivalents.some(
    (one) =>
      one.file === file &&
      one.code === code &&
      one.mutant === replacement &&
      onLine.includes(one.onLine ?? ''),
  );

export function printScores(group: string, scores: readonly FileScore[]): void {
  for (const {unnoticed} of scores) for (const one of unnoticed) console.log(`unnoticed  ${one}`);
  console.log(`\n${group}: mutants per file`);
  console.table(
    scores.map(({file, noticed, unnoticed, equal, score}) => ({
      file,
      noticed,
      unnoticed: unnoticed.length,
      'no difference': equal,
      'score, %': Number(score.toFixed(1)),
    })),
  );
}
