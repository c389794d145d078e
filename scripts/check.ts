// `npm run check`: everything CI demands, in order of how fast it fails. Stops at the first red step and says
// which command shows it again.
import {spawnSync} from 'node:child_process';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const node = (...args: string[]): string[] => ['node', '--import', './load-typescript.js', ...args];

const steps: readonly Step[] = [
  {name: 'one lib0, new enough', command: node('scripts/check-lib0.ts')},
  {name: 'format', command: ['npm', 'run', '--silent', 'format:check']},
  {name: 'types', command: ['npm', 'run', '--silent', 'typecheck']},
  {name: 'lint and layers', command: ['npm', 'run', '--silent', 'lint']},
  {name: 'migrations match the schema', command: ['npx', 'drizzle-kit', 'check']},
  {name: 'generated docs', command: ['npm', 'run', '--silent', 'docs:check']},
  {name: 'tests', command: ['npm', 'test']},
  {name: 'transports under uWebSockets.js', command: ['npm', 'run', '--silent', 'test:uws']},
  {
    name: 'live sync under uWebSockets.js',
    command: node(
      'scripts/run-on-trixie.ts',
      'node_modules/vitest/vitest.mjs',
      'run',
      'test/e2e/live',
      'test/e2e/yjs',
    ),
    env: {TRANSPORTS: 'uws'},
  },
  {name: 'kill test, 30 rounds', command: ['npm', 'run', '--silent', 'test:kill']},
  {name: 'bench, for correctness only', command: ['npm', 'run', '--silent', 'bench:smoke']},
  {name: 'demo', command: ['npm', 'run', '--silent', 'demo']},
];

const started = Date.now();
for (const {name, command, env} of steps) {
  const at = Date.now();
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const [program = '', ...args] = command;
  const {status} = spawnSync(program, args, {stdio: 'inherit', env: {...process.env, ...env}});
  if (status !== 0) {
    console.error(`\nRED: ${name}. Again: ${command.join(' ')}`);
    process.exit(1);
  }
  console.log(`== ${name}: green after ${((Date.now() - at) / 1000).toFixed(1)} s`);
}
console.log(`\nAll green after ${((Date.now() - started) / 60_000).toFixed(1)} min`);
