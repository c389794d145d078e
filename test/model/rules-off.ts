// The proof that the model would notice: each merge rule is switched off in a copy of `crdt/`, one at a time, and the
// histories must turn red. Run it with `node --import ./load-typescript.js test/model/rules-off.ts`; it exits 1 if a rule
// can be switched off unnoticed, or if the code to change is no longer found exactly once.
import {cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import fc from 'fast-check';
import {loadCore} from './core.ts';
import {mutations, type Mutation} from './mutations.ts';
import {plans, type Plan} from './plan.ts';
import {runPlan} from './run.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const RUNS_MAX = 400;
const OPERATIONS = 60;

/** A folder like the repository's with `crdt/` in it, changed. */
function makeCopy(mutation: Mutation): string {
  const folder = mkdtempSync(join(tmpdir(), 'rules-off-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'crdt'), join(folder, 'crdt'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  });
  const {file, find, replace} = mutation;
  if (file !== undefined && find !== undefined && replace !== undefined) {
    const path = join(folder, 'crdt', file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) {
      throw new Error(`${mutation.rule} (${mutation.what}): found ${parts.length - 1} times in ${file}`);
    }
    writeFileSync(path, parts.join(replace));
  }
  return folder;
}

/** How many histories it took until one failed, and how it did; null if none did. */
async function runUntilRed(
  mutation: Mutation,
  histories: readonly Plan[],
): Promise<{runs: number; message: string} | null> {
  const folder = makeCopy(mutation);
  try {
    const core = await loadCore(join(folder, 'crdt'));
    const options = {remembersChanges: mutation.rule !== 'R12'};
    for (const [index, plan] of histories.entries()) {
      try {
        await runPlan(core, plan, options);
      } catch (error) {
        return {runs: index + 1, message: error instanceof Error ? error.message : String(error)};
      }
    }
    return null;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Prints a line per mutation and answers the ones that went unnoticed. */
export async function proveRules(seed: number, print: (line: string) => void): Promise<readonly Mutation[]> {
  const histories = fc.sample(plans(OPERATIONS), {seed, numRuns: RUNS_MAX});
  print(`seed ${seed}: rule, what is switched off, histories until red`);
  const unnoticed: Mutation[] = [];
  for (const mutation of mutations) {
    const red = await runUntilRed(mutation, histories);
    if (red === null) unnoticed.push(mutation);
    const end = red === null ? 'NOT NOTICED' : `${String(red.runs).padStart(3)}  ${red.message.slice(0, 60)}`;
    print(`${mutation.rule.padEnd(3)}  ${mutation.what.padEnd(52)} ${end}`);
  }
  return unnoticed;
}

// Run as a command, not imported by its test.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seed = Number(process.env['MODEL_SEED'] ?? 2026);
  const unnoticed = await proveRules(seed, (line) => console.log(line));
  process.exitCode = unnoticed.length === 0 ? 0 : 1;
}
