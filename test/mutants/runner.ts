// Runs each test of a group once as it is, and then once more for every mutant that it reached and that no test has
// noticed yet, with that mutant switched on. All in one process: starting one for each mutant takes a hundred times as
// long. A test that fails has noticed, if it then passes again without the mutant. If it does not, something was left
// behind, by this mutant or by one before: the run breaks off, and main.ts begins another that goes on from there.
import {VitestTestRunner} from 'vitest/runners';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {readFindings, writeFindings, type Findings} from './findings.ts';

type Handler = (context: unknown) => unknown;
/** With what `onTestFinished` and `onTestFailed` registered. */
type Test = Parameters<VitestTestRunner['onAfterTryTask']>[0] & {
  onFinished?: Handler[];
  onFailed?: Handler[];
};

/** What the switches built in by Stryker's instrumenter read and write. */
interface Switchboard {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number;
  mutantCoverage?: {static: Record<string, number>; perTest: Record<string, Record<string, number>>};
}

const board = ((globalThis as {__stryker__?: Switchboard}).__stryker__ ??= {});
const findingsFile = process.env['MUTANT_FINDINGS'] ?? '';
const begun = readFindings(findingsFile);
if (begun === null) throw new Error('MUTANT_FINDINGS names no file.');
const findings: Findings = begun;
const {keys, verdicts, finished} = findings;

/** A test may take this much longer with a mutant than without. */
const SLOWER = 4;
const PATIENCE_MS = 2_000;
/** A loop that never ends is ended when it has met its mutant so much more often than without it. */
const MORE_HITS = 100;
const WRITE_EVERY_MS = 2_000;
const {setTimeout, clearTimeout} = globalThis;

type Attempt = 'passes' | 'fails' | 'is late';
/** What can be left behind grows with what was tried in this process. */
let attempts = 0;

/** Tests of this runner leave nothing behind but what they registered to be cleaned up. */
async function cleanUp(test: Test): Promise<void> {
  const {onFinished = []} = test;
  delete test.onFinished;
  delete test.onFailed;
  for (const handler of onFinished.toReversed()) await within(PATIENCE_MS, handler(test.context));
}

async function within(ms: number, work: unknown): Promise<Attempt> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Attempt>((resolve) => {
    timer = setTimeout(resolve, ms, 'is late');
  });
  const done = Promise.resolve(work).then(
    (): Attempt => 'passes',
    (): Attempt => 'fails',
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

async function attempt(test: Test, options: {ms: number; mutant?: string; hits?: number}): Promise<Attempt> {
  board.activeMutant = options.mutant;
  board.hitCount = 0;
  board.hitLimit = Math.max(10_000, (options.hits ?? 0) * MORE_HITS);
  const attempted = await within(options.ms, Promise.resolve().then(VitestTestRunner.getTestFn(test)));
  board.activeMutant = undefined;
  await cleanUp(test);
  return attempted;
}

let written = performance.now();

/** Not after every attempt: there are many, and a run may be ended at any time. */
function keep({now = false} = {}): void {
  if (!now && performance.now() - written < WRITE_EVERY_MS) return;
  writeFindings(findingsFile, findings);
  written = performance.now();
}

/** Names a test for as long as its file stays the same. */
function nameOf({id, file}: Test): string {
  const text = readFileSync(file.filepath);
  return `${createHash('sha256').update(text).digest('base64url').slice(0, 8)}${id}`;
}

export default class MutantRunner extends VitestTestRunner {
  async runTask(test: Test): Promise<void> {
    const name = nameOf(test);
    if (finished.includes(name)) return;
    board.currentTestId = test.id;
    const started = performance.now();
    await VitestTestRunner.getTestFn(test)();
    board.currentTestId = undefined;
    await cleanUp(test);
    const ms = PATIENCE_MS + (performance.now() - started) * SLOWER;
    for (const [mutant, hits] of Object.entries(board.mutantCoverage?.perTest[test.id] ?? {})) {
      const key = keys[mutant];
      if (key !== undefined) await tryMutant(test, {key, name, mutant, hits, ms});
      keep();
    }
    finished.push(name);
    keep({now: true});
  }

  override onAfterRunFiles(): void {
    super.onAfterRunFiles();
    for (const mutant of Object.keys(board.mutantCoverage?.static ?? {})) {
      const key = keys[mutant];
      if (key !== undefined) verdicts[key] ??= {kind: 'loaded'};
    }
    keep({now: true});
  }
}

async function tryMutant(
  test: Test,
  {key, name, ...options}: {key: string; name: string; mutant: string; hits: number; ms: number},
): Promise<void> {
  let known = verdicts[key];
  if (known?.kind === 'noticed') return;
  if (known?.kind !== 'reached') known = verdicts[key] = {kind: 'reached', passed: []};
  if (known.passed.includes(name)) return;
  const isFirst = attempts++ === 0;
  let attempted = await attempt(test, options);
  // The machine may have been busy with something else.
  if (attempted === 'is late') attempted = await attempt(test, options);
  if (attempted === 'passes') {
    known.passed.push(name);
    return;
  }
  const sound = await isSound(test, options.ms);
  // Of the first that a process tries it is certain what broke the test.
  if (sound || isFirst) verdicts[key] = {kind: 'noticed', by: test.name};
  if (sound) return;
  keep({now: true});
  throw new Error(`Red after mutant ${options.mutant}, though it is off again.`);
}

/** Whether a test that a mutant broke passes again without it; what the mutant left behind may need a moment to end. */
async function isSound(test: Test, ms: number): Promise<boolean> {
  for (let tries = 0; tries < 3; tries++) if ((await attempt(test, {ms})) === 'passes') return true;
  return false;
}
