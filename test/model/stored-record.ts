// What is stored of one record, as the histories ask for it: read from the database by the feed, as a member reads it.
import * as Y from 'yjs';
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {flattenDocument} from '#crdt/flatten.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {Feed, FeedItem} from '#server/sync/feed.ts';
import type {Member} from '#server/sync/members.ts';
import type {ModelServer} from './server.ts';

export type StoredRecord = Pick<ModelServer, 'whole' | 'fields' | 'flattened' | 'isDeleted' | 'shows'>;

export function createStoredRecord({
  feed,
  reader,
  entity,
  id,
}: {
  feed: Pick<Feed, 'readOne'>;
  reader: Member;
  entity: EntityName;
  id: string;
}): StoredRecord {
  const read = async (): Promise<FeedItem> => {
    const item = await feed.readOne(reader, {entity, id});
    if (item === undefined) throw new Error('there is no such record');
    return item;
  };
  const load = async (): Promise<Y.Doc> => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, (await read()).state);
    return doc;
  };
  const flattened: StoredRecord['flattened'] = async () => flattenDocument(entities[entity], await load());
  return {
    flattened,
    async whole() {
      const {state, generation, seq} = await read();
      return {bytes: state, generation, seq};
    },
    async fields() {
      const payload = JSON.parse(new TextDecoder().decode((await read()).payload)) as JsonObject;
      const {fields} = await flattened();
      return Object.fromEntries(Object.keys(fields).map((name) => [name, payload[name] ?? null]));
    },
    isDeleted: async () => (await read()).deleted,
    async shows(root, entry, item) {
      const head = (await load()).getMap(root)._map.get(entry);
      return head !== undefined && !head.deleted && `${head.lastId.client}.${head.lastId.clock}` === item;
    },
  };
}
