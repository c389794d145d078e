// The history of one record; managers only. One route per entity, from the declarations.
import {z} from 'zod';
import {entities} from '#crdt/entities/registry.ts';
import {historyQuery, historyResponse} from '#crdt/protocol/history.ts';
import {recordId} from '#crdt/protocol/ids.ts';
import {recordsPath} from '#crdt/protocol/records.ts';
import {listHistory} from '../sync/history.ts';
import {memberRoute, type RouteDeps} from './route.ts';

export function mountHistory(deps: RouteDeps): void {
  for (const entity of Object.values(entities)) {
    if (!entity.writable) continue;
    memberRoute(
      deps,
      {
        method: 'get',
        path: `${recordsPath(entity)}/{id}/history`,
        summary: `What became of one ${entity.singular}, latest first: who, when, from which device, values before and after.`,
        params: z.object({id: recordId}),
        query: historyQuery,
        answer: historyResponse,
        errors: ['forbidden', 'bad_cursor'],
      },
      (member, {params, query}) =>
        listHistory(deps.service, member, {entity: entity.name, id: params.id, query}),
    );
  }
}
