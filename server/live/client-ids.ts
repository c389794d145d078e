// Which Yjs client ids belong to the device of a connection. An id belongs to the first device that used it and
// stays there, so what is once known here stays true.
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import type {ParsedUpdate} from '#crdt/update-reader.ts';
import type {Member} from '../sync/members.ts';
import type {Service} from '../sync/service.ts';
import {CONNECTION_CLIENTS_MAX} from './live-limits.ts';

export interface ClientIds {
  readonly owned: ReadonlySet<number>;
  /** Ids in updates whose owner is not known yet. Few: an update mostly holds its writer's own. */
  listUnknown(updates: readonly ParsedUpdate[]): number[];
  /** Looks ids up, and makes those the device's that nobody has. Answers the ones of others, in order. */
  claim(ids: readonly number[]): Promise<number[]>;
}

export function createClientIds({replicas}: Pick<Service, 'replicas'>, member: Member): ClientIds {
  const {tenantId, deviceId} = member;
  const owned = new Set<number>();
  const foreign = new Set<number>();
  const isKnown = (id: number): boolean => id >= SERVER_CLIENT_ID_MIN || owned.has(id) || foreign.has(id);
  return {
    owned,
    listUnknown(updates) {
      const unknown = new Set<number>();
      const room = CONNECTION_CLIENTS_MAX - owned.size - foreign.size;
      for (const {sections} of updates) {
        for (const {client} of sections) {
          if (!isKnown(client) && unknown.size < room) unknown.add(client);
        }
      }
      return [...unknown];
    },
    async claim(ids) {
      const answer = await replicas.claim({tenantId, deviceId, clientIds: ids});
      for (const id of answer.owned) owned.add(id);
      for (const id of answer.taken) foreign.add(id);
      return answer.taken;
    },
  };
}
