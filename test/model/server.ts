// The server as the histories see it. `createCoreServer` is the pure core with sequence numbers given out as
// the lane gives them; the real lane can stand behind the same interface.
import * as Y from 'yjs';
import type {Actor, Base, Change, ChangeContext, ChangeOutcome} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import type {Core} from './core.ts';

/** What one device sends about the record. */
export interface Delivery {
  readonly actor: Actor;
  /** Server clock minus device clock as measured, ms. */
  readonly offset: number;
  /** Server clock at arrival, ms. */
  readonly now: number;
  readonly change:
    | {
        readonly kind: 'update';
        readonly generation: number;
        readonly bytes: Uint8Array;
        readonly ownClients: ReadonlySet<number>;
      }
    | {
        readonly kind: 'json';
        readonly op: 'upsert' | 'delete';
        readonly changeId: string;
        readonly at: number;
        readonly base: Base;
        readonly payload: Readonly<Record<string, JsonValue>>;
      };
}

export interface Reply {
  readonly outcome: ChangeOutcome;
  /** Feed position of the change; null if it changed nothing. */
  readonly seq: number | null;
}

export interface FeedEntry {
  readonly seq: number;
  readonly generation: number;
  /** Null where only what is remembered beside the document changed. */
  readonly delta: Uint8Array | null;
}

export interface WholeState {
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly seq: number;
}

export interface ModelServer {
  /** Decides one change; others may join its group until `commit`. */
  submit: (delivery: Delivery) => Promise<Reply>;
  /** Ends the group. Only now may anyone see it. */
  commit: () => Promise<void>;
  /** Committed feed entries after a position. */
  feed: (after: number) => Promise<readonly FeedEntry[]>;
  whole: () => Promise<WholeState>;
  fields: () => Promise<JsonObject>;
  /** The fields read from the document alone. */
  flattened: () => Promise<{fields: JsonObject; isDeleted: boolean}>;
  isDeleted: () => Promise<boolean>;
  /** Whether the document shows this very item (`client.clock`) at a map entry. */
  shows: (root: string, entry: string, item: string) => Promise<boolean>;
  /** Stores and loads everything, under a server client id of its own. */
  restart: () => Promise<void>;
  compact: () => Promise<void>;
}

export interface CoreServerSettings {
  readonly core: Core;
  readonly entity: EntityName;
  readonly recordId: string;
  /** Off: a repeated JSON change is applied again (R12). */
  readonly remembersChanges: boolean;
}

export function createCoreServer(settings: CoreServerSettings): ModelServer {
  const {core, recordId, remembersChanges} = settings;
  const entity = core.entities[settings.entity];
  let epoch = 0;
  const mint = (): number => core.SERVER_CLIENT_ID_MIN + ++epoch;
  let record = core.emptyRecord(entity, recordId, mint());
  let committed = 0;
  let group: FeedEntry[] = [];
  const entries: FeedEntry[] = [];
  const results = new Map<string, Reply>();

  const toChange = ({change}: Delivery): Change | {refused: string} => {
    const common = {entity: settings.entity, id: recordId};
    if (change.kind === 'json') return {...common, ...change};
    const parsed = core.parseUpdate(change.bytes);
    if (!parsed.ok) return {refused: parsed.message};
    const {generation, ownClients} = change;
    return {...common, kind: 'update', generation, ownClients, update: parsed.update};
  };

  const submit = (delivery: Delivery): Reply => {
    const changeId = delivery.change.kind === 'json' ? delivery.change.changeId : null;
    const repeated = changeId === null || !remembersChanges ? undefined : results.get(changeId);
    if (repeated !== undefined) return repeated;
    const change = toChange(delivery);
    if ('refused' in change) throw new Error(`the parser refused an honest update: ${change.refused}`);
    const place = group.length + 1;
    const context: ChangeContext = {
      actor: delivery.actor,
      now: delivery.now,
      offset: delivery.offset,
      seq: core.PENDING_SEQ + place,
      readCursor: (text) => (/^c\d+$/.test(text) ? Number(text.slice(1)) : null),
    };
    const outcome = core.applyChange(record, change, context);
    const isChanged = outcome.kind === 'done' && outcome.changed;
    if (isChanged) {
      group.push({seq: committed + place, generation: record.generation, delta: outcome.delta});
    }
    const reply = {outcome, seq: isChanged ? committed + place : null};
    if (changeId !== null) results.set(changeId, reply);
    return reply;
  };

  const commit = (): void => {
    core.settleSeqs(record, committed);
    committed += group.length;
    entries.push(...group);
    group = [];
  };

  const restart = (): void => {
    // Stored as the lane does it: within the group, before positions are given out.
    const bytes = core.encodeRecord(record, core.PENDING_SEQ + group.length);
    commit();
    const {generation} = record;
    record = core.decodeRecord(bytes, {entity, id: recordId, seq: committed, generation, clientId: mint()});
  };

  const compact = (): void => {
    commit();
    core.compactRecord(record, mint());
    committed++;
    entries.push({seq: committed, generation: record.generation, delta: null});
  };

  return {
    submit: (delivery) => Promise.resolve(submit(delivery)),
    commit: () => {
      commit();
      return Promise.resolve();
    },
    feed: (after) => Promise.resolve(entries.slice(after)),
    whole: () =>
      Promise.resolve({
        bytes: Y.encodeStateAsUpdate(record.doc),
        generation: record.generation,
        seq: committed,
      }),
    fields: () => Promise.resolve(core.fieldsOf(record)),
    isDeleted: () => Promise.resolve(core.deletedAtOf(record) !== null),
    flattened: () => Promise.resolve(core.flattenDocument(entity, record.doc)),
    shows: (root, entry, item) => {
      const head = record.doc.getMap(root)._map.get(entry);
      const isShown =
        head !== undefined && !head.deleted && `${head.lastId.client}.${head.lastId.clock}` === item;
      return Promise.resolve(isShown);
    },
    restart: () => {
      restart();
      return Promise.resolve();
    },
    compact: () => {
      compact();
      return Promise.resolve();
    },
  };
}
