// Requests to every route there is, with whatever a stranger may put into path, query and body.
import {randomUUID} from 'node:crypto';
import {entities} from '#crdt/entities/registry.ts';
import type {Random} from '#test/support/random.ts';
import {bodyLeaves, honestFields, honestPush, spell, writtenEntities} from './body-maker.ts';

export interface Operation {
  readonly method: string;
  /** With `{id}` and the like. */
  readonly path: string;
  readonly query: readonly string[];
  readonly hasBody: boolean;
}

interface Described {
  readonly parameters?: readonly {readonly in?: string; readonly name?: string}[];
  readonly requestBody?: unknown;
}

/** document: the server's own description of itself. */
export function operationsOf(document: object): Operation[] {
  const {paths} = document as {paths: Record<string, Record<string, Described>>};
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, {parameters = [], requestBody}]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters.flatMap((one) => (one.in === 'query' && one.name !== undefined ? [one.name] : [])),
      hasBody: requestBody !== undefined,
    })),
  );
}

export interface Caller {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly recordIds: readonly string[];
  readonly cursor: string;
}

export interface MadeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string | null;
}

const oddSegments = ['%00', '%ff', '..%2f', 'null', 'x'.repeat(3_000), '%F0%9F%98%80', "'", '-1'];

export function makeRequest(operation: Operation, caller: Caller, random: Random): MadeRequest {
  const {method, path, query, hasBody} = operation;
  const segment = (name: string): string => {
    if (random.chance(0.2)) return random.pick(oddSegments);
    if (path.startsWith('/v1/tenants') && name === 'id') return caller.tenantId;
    return random.pick([...caller.recordIds, randomUUID()]);
  };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => segment(name));
  const asked = new URLSearchParams();
  for (const name of query) {
    if (asked.size < 4 && random.chance(0.3)) asked.append(name, queryText(caller, random));
  }
  const text = asked.toString();
  const body = hasBody ? bodyOf(path, caller, random) : null;
  return {method, target: text === '' ? filled : `${filled}?${text}`, body};
}

const queryText = ({cursor}: Caller, random: Random): string =>
  random.pick([
    cursor,
    '10',
    'true',
    '2026-03-01T08:00:00.000Z',
    // A longer head is refused by the transport, before anything of ours reads it.
    random.pick(bodyLeaves.texts).slice(0, 2_000),
    String(random.pick(bodyLeaves.numbers)),
  ]);

function bodyOf(path: string, {deviceId, recordIds, cursor}: Caller, random: Random): string {
  const entity = writtenEntities.find((name) => path.includes(entities[name].name.replaceAll('_', '-')));
  const pushed = random.pick(writtenEntities);
  const honest = path.endsWith('/push')
    ? honestPush(
        {
          entity: pushed,
          entityId: random.pick(recordIds),
          deviceId,
          now: Date.now(),
          cursors: [cursor],
          updates: [],
        },
        random,
      )
    : entity === undefined
      ? {
          name: 'x',
          email: 'ana@example.com',
          role: 'employee',
          deviceId,
          id: random.pick(recordIds),
          note: 'x',
        }
      : honestFields(entity, random);
  return spell(honest, random);
}
