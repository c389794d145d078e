// The trial of the image is worth something only if it reads the Dockerfile as an engine would.
import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {readDockerfile} from './dockerfile.ts';
import {readDockerignore} from './dockerignore.ts';

const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'));
const image = stages.at(-1)!;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {scripts: Record<string, string>};

describe('the image of this project', () => {
  test('ends as a user who is not root, after everything was copied', () => {
    const last = image.steps.findLastIndex(({kind}) => kind === 'user');
    expect(image.steps[last]).toEqual({kind: 'user', name: 'node'});
    expect(image.steps.slice(last).map(({kind}) => kind)).toEqual(['user', 'expose', 'cmd']);
  });

  test('starts the server as npm start does, without a shell', () => {
    const [start] = image.steps.filter((step) => step.kind === 'cmd');
    expect(`exec ${start?.command.join(' ')}`).toBe(manifest.scripts['start']);
  });

  test('demands the fast transport in production', () => {
    const set = Object.assign(
      {},
      ...image.steps.map((step) => (step.kind === 'env' ? step.values : {})),
    ) as object;
    expect(set).toEqual({NODE_ENV: 'production', TRANSPORT: 'uws'});
  });

  test('is released by the command that migrates', () => {
    const fly = readFileSync('fly.toml', 'utf8');
    expect(/release_command = "(.*)"/.exec(fly)?.[1]).toBe(manifest.scripts['migrate']);
  });

  test.each(['package.json', 'server/main.ts', 'db/migrations/0000_tables.sql', 'docs/backend-openapi.yaml'])(
    '%s may enter the build',
    (path) => expect(readDockerignore(readFileSync('.dockerignore', 'utf8'))(path)).toBe(true),
  );

  test.each([
    '.env',
    '.git/config',
    'data/development-master-key',
    'server/config.test.ts',
    'node_modules/ws/index.js',
  ])('%s may not', (path) =>
    expect(readDockerignore(readFileSync('.dockerignore', 'utf8'))(path)).toBe(false),
  );
});

test('lines are continued, comments between them dropped', () => {
  expect(readDockerfile('FROM a AS b\nRUN one \\\n# why\n  && two\n')).toEqual([
    {base: 'a', name: 'b', steps: [{kind: 'run', command: 'one  && two', caches: []}]},
  ]);
});

test.each(['FROM a\nADD x y', 'FROM a\nCOPY *.ts x', 'FROM a\nRUN ["x"]', 'FROM a\nCMD node x', 'RUN x'])(
  'what the trial could not carry out is no Dockerfile to it: %j',
  (text) => expect(() => readDockerfile(text)).toThrow(),
);
