// Takes Yjs updates of one connection to its tenant's lane: each parsed once, the client ids in it claimed on
// first use, all of one call handed over together and in order. Used by the live session and the room alike.
import type {UpdateChange} from '#crdt/change.ts';
import {isEntityName} from '#crdt/entities/registry.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {Member} from '../sync/members.ts';
import type {Service} from '../sync/service.ts';
import type {Receipt} from '../sync/submission.ts';
import type {ClientIds} from './client-ids.ts';
import {codeOf} from './close-code.ts';

export type WriteResult =
  | Receipt
  /** Not even a Yjs update of a record: nothing was looked up. */
  | {readonly kind: 'unreadable'; readonly code: ErrorCode; readonly message: string}
  /** Neither taken nor refused: the same may be sent again. */
  | {readonly kind: 'retry'; readonly code: ErrorCode};

export interface Writer {
  /** Calls `settle` once per update, when its fate is durable; not within this call unless it is unreadable. */
  write(updates: readonly RecordUpdate[], settle: (index: number, result: WriteResult) => void): void;
}

export interface WriterDeps {
  readonly service: Pick<Service, 'lanes' | 'now'>;
  readonly member: Member;
  /** Server clock minus device clock, ms. */
  readonly offset: number;
  readonly clients: ClientIds;
}

interface Readable {
  readonly index: number;
  readonly change: UpdateChange;
}

export function createWriter({service, member, offset, clients}: WriterDeps): Writer {
  /** Calls that wait for a claim, so that later ones do not overtake them; null if there are none. */
  let claiming: Promise<void> | null = null;

  const submit = (
    readable: readonly Readable[],
    {now, settle}: {now: number; settle: (index: number, result: WriteResult) => void},
  ): void => {
    const {tenantId, userId, deviceId} = member;
    for (const {index, change} of readable) {
      service.lanes.submit({tenantId, userId, deviceId, change, now, offset, changeId: null}).then(
        (receipt) => settle(index, receipt),
        (error: unknown) => settle(index, {kind: 'retry', code: codeOf(error)}),
      );
    }
  };
  return {
    write(updates, settle) {
      const now = service.now();
      const readable: Readable[] = [];
      for (const [index, update] of updates.entries()) {
        const read = readOne(update, clients.owned);
        if (read.kind === 'update') readable.push({index, change: read});
        else settle(index, read);
      }
      const unknown = clients.listUnknown(readable.map(({change}) => change.update));
      if (unknown.length === 0 && claiming === null) {
        submit(readable, {now, settle});
        return;
      }
      const turn = (claiming ?? Promise.resolve())
        .then(() => (unknown.length === 0 ? [] : clients.claim(unknown)))
        .then(
          () => submit(readable, {now, settle}),
          (error: unknown) => {
            const result = {kind: 'retry' as const, code: codeOf(error)};
            for (const {index} of readable) settle(index, result);
          },
        )
        .then(() => {
          if (claiming === turn) claiming = null;
        });
      claiming = turn;
    },
  };
}

type Unreadable = Extract<WriteResult, {kind: 'unreadable'}>;

function readOne(
  {entity, id, generation, bytes}: RecordUpdate,
  ownClients: ReadonlySet<number>,
): UpdateChange | Unreadable {
  if (!isEntityName(entity)) return {kind: 'unreadable', code: 'unknown_entity', message: 'No such entity.'};
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) return {kind: 'unreadable', code: parsed.code, message: parsed.message};
  // The set is the connection's own and only grows, so ids claimed below count here too.
  return {kind: 'update', entity, id, generation, update: parsed.update, ownClients};
}
