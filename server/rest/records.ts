// Records as resources, `/v1/clients` to `/v1/finance-entries`: the same six routes for every entity that can be written,
// made from its declaration.
import {z} from 'zod';
import type {Entity} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {recordId} from '#crdt/protocol/ids.ts';
import {readRecordList, recordListParameters, recordListResponse} from '#crdt/protocol/record-list.ts';
import {
  changeHeaders,
  createHeaders,
  newRecord,
  recordBody,
  recordPatch,
  recordSchema,
  recordsPath,
  type ChangeHeaders,
} from '#crdt/protocol/records.ts';
import {listRecords, readRecord, type RecordText} from '../sync/records.ts';
import {createRecord, deleteRecord, patchRecord, restoreRecord} from '../sync/record-writes.ts';
import {jsonResponse, memberRoute, type RouteDeps} from './route.ts';

/** What the lane refuses a change of fields with. */
const refusedWrites = [
  'unknown_field',
  'read_only_field',
  'invalid_value',
  'required_field',
  'forbidden_field',
  'forbidden',
  'out_of_scope',
  'record_too_large',
  'uncommittable',
  'idempotency_conflict',
  'overloaded',
] as const;

const oneParams = z.object({id: recordId});

export function mountRecords(deps: RouteDeps): void {
  for (const entity of Object.values(entities)) {
    if (!entity.writable) continue;
    mountReads(deps, entity);
    mountCreate(deps, entity);
    mountChanges(deps, entity);
  }
}

function mountReads(deps: RouteDeps, entity: Entity): void {
  const path = recordsPath(entity);
  memberRoute(
    deps,
    {
      method: 'get',
      path,
      summary: `A list of records of ${entity.name}, narrowed and sorted.`,
      query: recordListParameters(entity),
      answer: recordListResponse(entity),
      errors: ['bad_cursor'],
    },
    async (member, {query}) =>
      jsonResponse(await listRecords(deps.service, member, {entity, query: readRecordList(entity, query)})),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: `${path}/{id}`,
      summary: `One ${entity.singular}, deleted or not.`,
      params: oneParams,
      answer: recordSchema(entity),
      answerHeaders: ['etag'],
    },
    async (member, {params}) =>
      recordResponse(await readRecord(deps.service, member, {entity: entity.name, id: params.id})),
  );
}

function mountCreate(deps: RouteDeps, entity: Entity): void {
  const path = recordsPath(entity);
  memberRoute(
    deps,
    {
      method: 'post',
      path,
      summary: `Makes a ${entity.singular}.`,
      headers: createHeaders,
      body: recordBody,
      documentedBody: newRecord(entity),
      answer: recordSchema(entity),
      status: 201,
      answerNote: 'Made.',
      answerHeaders: ['etag', 'location'],
      errors: ['already_exists', ...refusedWrites],
    },
    async (member, {headers, body}) => {
      const key = headers['idempotency-key'];
      const written = await createRecord(deps.service, member, {entity: entity.name, body, key});
      const response = recordResponse(written, 201);
      response.headers.set('location', `${path}/${written.id}`);
      return response;
    },
  );
}

function mountChanges(deps: RouteDeps, entity: Entity): void {
  const {service} = deps;
  const path = recordsPath(entity);
  const answer = recordSchema(entity);
  const target = (params: {id: string}, headers: ChangeHeaders) => ({
    entity: entity.name,
    id: params.id,
    key: headers['idempotency-key'],
    matching: headers['if-match'],
  });
  memberRoute(
    deps,
    {
      method: 'patch',
      path: `${path}/{id}`,
      summary: `Changes fields of a ${entity.singular}; those left out stay.`,
      params: oneParams,
      headers: changeHeaders,
      body: recordBody,
      documentedBody: recordPatch(entity),
      answer,
      answerHeaders: ['etag'],
      errors: ['precondition_failed', 'frozen', 'text_base_stale', ...refusedWrites],
    },
    async (member, {params, headers, body}) =>
      recordResponse(await patchRecord(service, member, {...target(params, headers), body})),
  );
  memberRoute(
    deps,
    {
      method: 'delete',
      path: `${path}/{id}`,
      summary: `Deletes a ${entity.singular}; it can be restored.`,
      params: oneParams,
      headers: changeHeaders,
      answer: z.void(),
      status: 204,
      answerNote: 'Deleted, or deleted before.',
      errors: [
        'precondition_failed',
        'forbidden_field',
        'out_of_scope',
        'idempotency_conflict',
        'overloaded',
      ],
    },
    async (member, {params, headers}) => {
      await deleteRecord(service, member, target(params, headers));
      return new Response(null, {status: 204});
    },
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: `${path}/{id}/restore`,
      summary: `Brings a deleted ${entity.singular} back.`,
      params: oneParams,
      headers: changeHeaders,
      answer,
      answerHeaders: ['etag'],
      errors: [
        'precondition_failed',
        'forbidden_field',
        'out_of_scope',
        'idempotency_conflict',
        'overloaded',
      ],
    },
    async (member, {params, headers}) =>
      recordResponse(await restoreRecord(service, member, target(params, headers))),
  );
}

function recordResponse({seq, text}: RecordText, status = 200): Response {
  const response = jsonResponse(text, status);
  response.headers.set('etag', `"${seq}"`);
  return response;
}
