// `npm run audit:gate`: asks the registry for known vulnerabilities of what production installs, and fails at high and
// critical ones. Where the registry has no such endpoint, or none can be reached, it says so and passes; with --strict it
// fails then too (2).
import {spawnSync} from 'node:child_process';
import {judgeAudit, type Accepted} from './audit-report.ts';

/** By the advisory's URL. An entry ends by itself. */
const accepted: Readonly<Record<string, Accepted>> = {};

const {stdout} = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  maxBuffer: 64 << 20,
});
const today = new Date().toISOString().slice(0, 10);
const verdict = judgeAudit(stdout, {accepted, today});
switch (verdict.kind) {
  case 'clean':
    for (const line of verdict.lesser) console.log(line);
    console.log(
      'AUDITED: the registry knows of no high or critical vulnerability in what production installs.',
    );
    break;
  case 'vulnerable':
    for (const line of verdict.findings) console.error(line);
    console.error('VULNERABLE: update, or accept it in scripts/audit.ts with a reason and a day.');
    process.exitCode = 1;
    break;
  case 'not-asked':
    console.error(`NOT AUDITED: the registry gave no report (${verdict.why}).`);
    console.error('This says nothing about vulnerabilities. Run it where the registry answers audits.');
    process.exitCode = process.argv.includes('--strict') ? 2 : 0;
}
