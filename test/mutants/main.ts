// Mutation testing: node --import ./load-typescript.js test/mutants/main.ts [--continue] [group ...]. Of each group a
// copy is made in which every mutant is built in, switched off; then its tests run once, and runner.ts switches the
// mutants on in them. Prints a table of scores and every mutant that no test noticed; answers 1 if more than a tenth of a
// file's went unnoticed. With --continue it goes on where a run was ended: what was tried is not tried again, as long as
// mutant and test are the same.
import {execFileSync, spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, rmSync, symlinkSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {mutantGroups, testSettings, type MutantGroup} from './groups.ts';
import {buildIn} from './build-in.ts';
import {countAttempts, readFindings, startFindings, writeFindings} from './findings.ts';
import {printScores, scoreFiles, SCORE_MIN} from './score.ts';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {continue: {type: 'boolean', default: false}},
});
const unknown = positionals.filter((one) => !mutantGroups.some(({name}) => name === one));
if (unknown.length > 0) throw new Error(`There is no group of mutants called ${unknown.join(' or ')}.`);

const READ_BY_TESTS = /^(crdt|db|server|test)\/|^(package|tsconfig)\.json$|^load-typescript/;

/** The repository as it is, but for what no test here reads. */
function makeCopy(folder: string): void {
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {encoding: 'utf8'});
  for (const path of files.split('\0')) {
    if (!READ_BY_TESTS.test(path) || !existsSync(path)) continue;
    mkdirSync(dirname(join(folder, path)), {recursive: true});
    cpSync(path, join(folder, path));
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

/** Whether all tests were green. A mutant may leave something behind that turns them red. */
function runTests(options: {group: MutantGroup; folder: string; findingsFile: string}): boolean {
  const {group, folder, findingsFile} = options;
  const {status, signal} = spawnSync('npx', ['vitest', 'run', '--config', 'test/mutants/vitest.config.ts'], {
    cwd: folder,
    stdio: 'inherit',
    env: {...process.env, ...testSettings, MUTANT_GROUP: group.name, MUTANT_FINDINGS: findingsFile},
  });
  if (signal !== null) throw new Error(`Ended by ${signal}.`);
  return status === 0;
}

async function run(group: MutantGroup): Promise<boolean> {
  const folder = resolve('.cache/mutants', group.name);
  const findingsFile = `${folder}.json`;
  makeCopy(folder);
  const mutants = (await buildIn(folder, group.changed)).filter((_, index) => index % group.oneIn === 0);
  const before = values.continue ? readFindings(findingsFile) : null;
  writeFindings(findingsFile, startFindings(mutants, before));
  console.log(`${group.name}: ${mutants.length} mutants`);
  for (let tried = NaN; !runTests({group, folder, findingsFile});) {
    const sum = countAttempts(readFindings(findingsFile)?.verdicts ?? {});
    if (sum === tried) throw new Error(`The tests of ${group.name} are red without any mutant.`);
    tried = sum;
  }
  const scores = scoreFiles(mutants, readFindings(findingsFile)?.verdicts ?? {});
  printScores(group.name, scores);
  return scores.every(({score}) => score >= SCORE_MIN);
}

let isEnough = true;
for (const group of mutantGroups) {
  if (positionals.length > 0 && !positionals.includes(group.name)) continue;
  isEnough = (await run(group)) && isEnough;
}
process.exitCode = isEnough ? 0 : 1;
