// docs/backend-openapi.yaml: the routes as the server describes them, with an example of each, written down as a real
// server answered it. test/docs/openapi.pg.test.ts asks again.
import {readFileSync} from 'node:fs';
import {stringifyYaml} from '@redocly/openapi-core';
import {createRestApp} from '#server/rest/app.ts';
import type {RestDeps} from '#server/rest/route.ts';
import type {Example, Examples, RecordedAnswers} from '#test/contract/example.ts';
import {examples} from '#test/contract/examples.ts';
import {givenIds} from '#test/contract/names.ts';
import type {Page} from './page.ts';

export interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  example?: unknown;
}

interface MediaType {
  readonly schema: object;
  examples?: Record<string, {value: unknown}>;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: Parameter[];
  readonly requestBody?: {readonly content: Record<string, MediaType>};
  readonly responses: Record<
    string,
    {readonly headers?: object; readonly content?: Record<string, MediaType>}
  >;
}

export interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {readonly parameters: Record<string, Parameter>};
}

const ANSWERS = 'test/contract/answers.json';

export const readAnswers = (): RecordedAnswers =>
  JSON.parse(readFileSync(ANSWERS, 'utf8')) as RecordedAnswers;

/** The document without examples. The service is asked for nothing: only its routes are wanted. */
export function describeRoutes(): OpenApi {
  const deps = {service: {now: Date.now}} as unknown as RestDeps;
  return structuredClone(createRestApp(deps).describe()) as OpenApi;
}

/** Operations by method and path, as `GET /v1/tasks/{id}`. Sockets are none: nothing is answered over HTTP. */
export const operationsOf = ({paths}: OpenApi): Map<string, Operation> =>
  new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, {responses}]) => responses['101'] === undefined)
        .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );

/** The document with what was asked and answered. */
export function withExamples(document: OpenApi, answers: RecordedAnswers): OpenApi {
  for (const [name, operation] of operationsOf(document)) {
    const asked = examples[name];
    if (asked === undefined) throw new Error(`${name} has no example in test/contract/examples.ts`);
    addRequests(operation, asked);
    addAnswers(operation, answers[name] ?? {});
  }
  const {parameters} = document.components;
  const common = {TenantId: givenIds.tenant, DeviceId: givenIds.mariasPhone};
  for (const [name, example] of Object.entries(common)) Object.assign(parameters[name] ?? {}, {example});
  return document;
}

function addRequests({parameters = [], requestBody}: Operation, asked: Examples): void {
  const [first] = Object.values(asked);
  for (const parameter of parameters) {
    const example = first === undefined ? undefined : valueOf(first, parameter);
    if (example !== undefined) parameter.example = example;
  }
  for (const type of Object.values(requestBody?.content ?? {}))
    type.examples = Object.fromEntries(
      Object.entries(asked).map(([name, {body}]) => [keyOf(name), {summary: name, value: body ?? {}}]),
    );
}

function valueOf({params, query, headers}: Example, parameter: Parameter): string | undefined {
  switch (parameter.in) {
    case 'path':
      return params?.[parameter.name];
    case 'query':
      return query?.[parameter.name];
    case 'header':
      return headers?.[parameter.name];
    default:
      return undefined;
  }
}

function addAnswers({responses}: Operation, answers: RecordedAnswers[string]): void {
  for (const [name, {status, body}] of Object.entries(answers)) {
    for (const type of Object.values(responses[String(status)]?.content ?? {}))
      (type.examples ??= {})[keyOf(name)] = {summary: name, value: body} as {value: unknown};
  }
}

/** As a name in the document. */
const keyOf = (name: string): string => name.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();

export const openApiText = (document: OpenApi): string =>
  stringifyYaml(document, {noRefs: true, lineWidth: 110});

export function openApiPage(): Page {
  const note =
    '# Printed by `npm run docs` from the schemas in use. Edit server/rest and crdt/protocol, not this file.\n';
  return {
    path: 'docs/backend-openapi.yaml',
    text: note + openApiText(withExamples(describeRoutes(), readAnswers())),
  };
}
