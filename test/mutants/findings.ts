// What is known of each mutant of a group: a file that main.ts begins, runner.ts goes on writing, and score.ts reads.
import {existsSync, readFileSync, writeFileSync} from 'node:fs';

export interface Mutant {
  /** By which it is switched on, in this copy. */
  readonly id: string;
  /** Names it for as long as its file stays the same. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
  /** The text of that line. */
  readonly onLine: string;
  /** What is changed, to the letter, and to what. */
  readonly code: string;
  readonly replacement: string;
}

/** By key. Absent: nothing ever reached it. */
export type Verdicts = Record<string, Verdict>;

export type Verdict =
  | {readonly kind: 'noticed'; readonly by: string}
  /** The tests that reached it and passed all the same. */
  | {readonly kind: 'reached'; readonly passed: string[]}
  /** It is reached only while its file is loaded, before it can be switched on. */
  | {readonly kind: 'loaded'};

export interface Findings {
  /** Keys by id. */
  readonly keys: Readonly<Record<string, string>>;
  readonly verdicts: Verdicts;
  /** Tests that have tried all of these mutants that they reach. */
  readonly finished: string[];
}

/** before: of an earlier run, of which is kept what is known of these mutants. A new one is new to every test. */
export function startFindings(mutants: readonly Mutant[], before: Findings | null): Findings {
  const known = mutants.flatMap(({key}) => {
    const verdict = before?.verdicts[key];
    return verdict === undefined ? [] : [[key, verdict] as const];
  });
  const earlier = new Set(Object.values(before?.keys ?? {}));
  return {
    keys: Object.fromEntries(mutants.map(({id, key}) => [id, key])),
    verdicts: Object.fromEntries(known),
    finished: mutants.every(({key}) => earlier.has(key)) ? [...(before?.finished ?? [])] : [],
  };
}

export const readFindings = (file: string): Findings | null =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Findings) : null;

export const writeFindings = (file: string, findings: Findings): void =>
  writeFileSync(file, JSON.stringify(findings));

/** Grows with everything that is found out. */
export const countAttempts = (verdicts: Verdicts): number =>
  Object.values(verdicts)
    .map((verdict) => (verdict.kind === 'reached' ? 1 + verdict.passed.length : 1_000_000))
    .reduce((sum, one) => sum + one, 0);
