// docs/backend-openapi.yaml keeps its word: it passes the linter, every operation has an example, and a real server
// answers each as written. `RECORD=1` writes the answers down anew.
import {readFileSync, writeFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {askExample} from '#test/contract/ask-example.ts';
import type {Recorded} from '#test/contract/example.ts';
import {examples} from '#test/contract/examples.ts';
import {toDocumented} from '#test/contract/normal-form.ts';
import {setStage, type Stage} from '#test/contract/stage.ts';
import {createWorld, type Answer, type World} from '#test/support/world.ts';
import {lintOpenApi} from '../../scripts/docs/openapi-lint.ts';
import {
  describeRoutes,
  openApiText,
  operationsOf,
  readAnswers,
  withExamples,
} from '../../scripts/docs/openapi-page.ts';

const isRecording = process.env['RECORD'] === '1';
const operations = operationsOf(describeRoutes());
const written = readAnswers();

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const cases = Object.entries(examples).flatMap(([operation, some]) =>
  Object.entries(some).map(([name, example]) => ({operation, name, example})),
);
/** What reads shares one; what writes has one of its own. */
let shared: Promise<Stage> | undefined;
const stageFor = (operation: string): Promise<Stage> =>
  operation.startsWith('GET ') ? (shared ??= setStage(world)) : setStage(world);

/** As answered, and as documents say it. */
const answered: Record<string, Record<string, Recorded>> = {};
const recorded: Record<string, Record<string, Recorded>> = {};

/** Of a text, its first line. */
function bodyOf({status, body}: Answer): Recorded {
  if (body === null) return {status};
  return {status, body: typeof body === 'string' ? body.split('\n', 1)[0] : body};
}

test('every operation has an example, and every example is of an operation', () => {
  expect(Object.keys(examples).toSorted()).toEqual([...operations.keys()].toSorted());
});

test.each(cases)('$operation: $name', async ({operation, name, example}) => {
  const stage = await stageFor(operation);
  const answer = await askExample(world, {stage, operation, example});
  const documented = operations.get(operation)?.responses[String(answer.status)];
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  expect(Object.keys(documented?.headers ?? {}).filter((header) => !answer.headers.has(header))).toEqual([]);
  const actual = bodyOf(answer);
  (answered[operation] ??= {})[name] = actual;
  const told = {...actual, ...('body' in actual ? {body: toDocumented(actual.body, stage)} : {})};
  (recorded[operation] ??= {})[name] = told;
  if (!isRecording) expect(told).toEqual(written[operation]?.[name]);
});

test('no answer is written down for an example that is gone', () => {
  if (isRecording) writeFileSync('test/contract/answers.json', `${JSON.stringify(recorded, null, 2)}\n`);
  else expect(recorded).toEqual(written);
});

test('what the server answered fits the schemas to the last member', async () => {
  expect(await lintOpenApi(openApiText(withExamples(describeRoutes(), answered)))).toEqual([]);
});

test('the document passes the linter, and what is written down fits the schemas', async () => {
  expect(await lintOpenApi(readFileSync('docs/backend-openapi.yaml', 'utf8'))).toEqual([]);
});

test('the linter sees a member that no schema names', async () => {
  const text = openApiText(withExamples(describeRoutes(), written)).replace(
    'hasMore: false',
    'hasMoore: false',
  );
  expect((await lintOpenApi(text)).join('\n')).toMatch(/hasMoore|hasMore/);
});

test('the server serves the same document', async () => {
  const {status, body, headers} = await world.ask<string>('/v1/openapi.yaml');
  expect([status, headers.get('content-type')]).toEqual([200, 'application/yaml']);
  expect(body).toBe(readFileSync('docs/backend-openapi.yaml', 'utf8'));
});
