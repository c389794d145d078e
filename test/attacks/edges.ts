// The ways into a real server that take a device's update: the live socket and a REST push. Each sends bytes as a
// device would and tells what came back in the same words.
import type {LiveServer} from '#test/support/live-world.ts';
import type {LiveDevice} from '#test/support/live-device.ts';
import type {Person, ProblemBody} from '#test/support/world.ts';
import type {PushResponse} from '#crdt/protocol/push.ts';

const entity = 'clients';

export type Reply =
  | {readonly kind: 'done'; readonly status: 'applied' | 'unchanged'; readonly refused: readonly Refused[]}
  | {
      readonly kind: 'rejected';
      readonly code: string;
      readonly refused: readonly Refused[];
      /** Null: nothing was stored. */
      readonly seq: number | null;
    }
  | {readonly kind: 'need'}
  /** More than the way in takes: nothing of it was read. */
  | {readonly kind: 'too-big'};

interface Refused {
  readonly field: string;
  readonly code: string;
}

interface SentUpdate {
  /** Of a client record. */
  readonly id: string;
  /** Of the document that it was made on. */
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/** One device on one way in. */
export interface Sender {
  readonly send: (update: SentUpdate) => Promise<Reply>;
  /** Whether it may go on without connecting again. */
  readonly isOpen: () => boolean;
}

export type EdgeName = 'live' | 'rest';

/** clientId: the one its document writes under, which a push names. */
export async function openSender(
  edge: EdgeName,
  {live, person, clientId}: {live: LiveServer; person: Person; clientId: number},
): Promise<Sender> {
  if (edge === 'rest') return restSender(person, clientId);
  // A device that holds all there is need not be told it.
  const {nextCursor: cursor} = await person.pull();
  // Its own copy stays under another id than the documents whose bytes it is given to send.
  return liveSender(await live.connect(person, {cursor}));
}

function liveSender(device: LiveDevice): Sender {
  return {
    isOpen: () => device.closed === null && device.ws.readyState === device.ws.OPEN,
    async send(update) {
      const request = device.sendUpdates([{entity, ...update}]);
      await device.until(() => (device.answers.get(request)?.size ?? 0) > 0 || device.closed !== null);
      const answer = device.answers.get(request)?.get(0);
      switch (answer?.kind) {
        case 'ack':
          return {kind: 'done', status: answer.outcome, refused: answer.refused};
        case 'reject':
          return {kind: 'rejected', code: answer.code, refused: answer.refused, seq: answer.seq};
        case 'need':
          return {kind: 'need'};
        default:
          if (device.closed?.code === 1009) return {kind: 'too-big'};
          throw new Error(`Not answered: ${JSON.stringify(answer ?? device.closed)}`);
      }
    },
  };
}

function restSender(person: Person, clientId: number): Sender {
  return {
    isOpen: () => true,
    async send({id: entityId, generation, bytes}) {
      const payload = Buffer.from(bytes).toString('base64');
      const clientUpdatedAt = new Date().toISOString();
      const change = {op: 'upsert', entity, entityId, clientUpdatedAt, encoding: 'yjs', generation, payload};
      const {status, body} = await person.post<PushResponse | ProblemBody>('/v1/sync/push', {
        deviceId: person.deviceId,
        clientId,
        changes: [change],
      });
      if (status === 413) return {kind: 'too-big'};
      if (!('results' in body)) throw new Error(`Answered ${status}: ${body.code}`);
      const [result] = body.results;
      if (result === undefined) throw new Error('No result.');
      const refused = result.refused ?? [];
      if (result.status !== 'rejected') return {kind: 'done', status: result.status, refused};
      const code = result.error?.code ?? 'none';
      if (code === 'missing_dependency') return {kind: 'need'};
      return {kind: 'rejected', code, refused, seq: result.seq ?? null};
    },
  };
}
