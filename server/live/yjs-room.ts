// One record for one stock y-websocket provider: y-protocols on the outside, the same lane within. The order
// matters: a provider that took in others' writes before the server has its own would collect its own values,
// and they could no longer be shown as the loser of a conflict. So it is asked first and answered then.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {deviceId as deviceIdSchema, tenantId as tenantIdSchema} from '#crdt/protocol/ids.ts';
import {parseStateVector} from '#crdt/state-vector.ts';
import type {Member} from '../sync/members.ts';
import {createClientIds} from './client-ids.ts';
import {createCongestion, type Congestion} from './congestion.ts';
import type {Connection} from './connection.ts';
import {drainConnection} from './drain.ts';
import {createGate, type Gate} from './gate.ts';
import {startHeartbeat, type Heartbeat} from './heartbeat.ts';
import {assertStillMember, identify, type Claim, type Identity} from './identify.ts';
import {isOfGeneration, readRoomDocument, type RoomRecord} from './room-document.ts';
import {createPace, type Pace} from './pace.ts';
import {createRoomInbound, type RoomInbound} from './room-inbound.ts';
import {createRoomOutbound, type RoomOutbound} from './room-outbound.ts';
import type {SessionDeps} from './session.ts';
import type {OpenSession} from './sessions.ts';
import type {SocketEvents} from './socket.ts';
import {startTokenWatch} from './token-watch.ts';
import {createWriter} from './writer.ts';
import {EMPTY_AWARENESS, readYjsMessage, type YjsMessage} from './yjs-messages.ts';

export interface RoomRequest {
  readonly record: RoomRecord;
  /** `token`, `tenant`, `device`. Holds a secret: never logged. */
  readonly query: URLSearchParams;
  /** Of the caller. */
  readonly address: string;
}

interface Open {
  readonly member: Member;
  readonly inbound: RoomInbound;
  readonly outbound: RoomOutbound;
  readonly pace: Pace;
}

export class YjsRoom implements SocketEvents, OpenSession {
  readonly kind = 'yjs';
  readonly #connection: Connection;
  readonly #deps: SessionDeps;
  readonly #gate: Gate;
  readonly #congestion: Congestion;
  readonly #heartbeat: Heartbeat;
  #open: Open | null = null;
  /** Checks under way whether the membership still holds; nothing is sent meanwhile. */
  #rechecks = 0;

  constructor(connection: Connection, deps: SessionDeps, request: RoomRequest) {
    this.#connection = connection;
    this.#deps = deps;
    this.#gate = createGate(connection.socket);
    this.#congestion = createCongestion(connection, this.#gate);
    this.#heartbeat = startHeartbeat(connection, {
      gate: this.#gate,
      now: deps.service.now,
      // A provider gives up on a server that says nothing for 30 s.
      onBeat: () => connection.sendBytes(EMPTY_AWARENESS),
    });
    this.#gate.hold('greeting');
    deps.admission
      .run(connection, () => this.#begin(request))
      .catch((error: unknown) => connection.fail(error));
  }

  frame(bytes: Uint8Array): void {
    const open = this.#open;
    if (this.#connection.isEnded() || open === null) return;
    this.#heartbeat.heard();
    open.pace.heard();
    const message = readYjsMessage(bytes);
    if (message === null) this.#connection.end('bad_frame');
    else this.#receive(open, message);
  }

  text(): void {
    this.#connection.end('bad_frame');
  }

  pong(): void {
    this.#heartbeat.heard();
  }

  drained(): void {
    this.#congestion.drained();
  }

  closed(): void {
    this.#connection.gone();
  }

  drain({closeInMs}: {closeInMs: number}): void {
    const inbound = (): RoomInbound | null => this.#open?.inbound ?? null;
    drainConnection(this.#connection, {gate: this.#gate, closeInMs, inbound});
  }

  restart(): void {
    this.#connection.restart();
  }

  async #begin({record, query, address}: RoomRequest): Promise<void> {
    const {service} = this.#deps;
    const identity = await identify(this.#deps, {...readClaim(query), address});
    const {member} = identity;
    this.#deps.places.take(this.#connection, member);
    // Followed before the record is read, so that nothing falls between. A batch that comes before there is
    // somebody to take it is in what is read below.
    const following = service.fanOut.follow({
      member,
      deliver: (batch) => {
        if (this.#rechecks === 0) this.#open?.outbound.deliver(batch);
      },
      revoked: () => this.#recheck(member),
    });
    this.#connection.onEnd(following.stop);
    await following.ready;
    await assertStillMember(service, member);
    const {generation} = await readRoomDocument(service.feed, {member, record});
    if (this.#connection.isEnded()) return;
    this.#open = this.#openWith(identity, {record, generation, sees: () => following.sees(record)});
    this.#gate.release('greeting');
  }

  #openWith(
    {member, ...token}: Identity,
    {record, generation, sees}: {record: RoomRecord; generation: number; sees: () => boolean},
  ): Open {
    const {service} = this.#deps;
    const {feed} = service;
    const [connection, gate, congestion] = [this.#connection, this.#gate, this.#congestion];
    const outbound = createRoomOutbound(connection, {feed, member, record, congestion, generation, sees});
    // Stock providers do not say what their clock shows.
    const writer = createWriter({service, member, offset: 0, clients: createClientIds(service, member)});
    startTokenWatch(connection, token, service);
    const pace = createPace(connection, {gate, frames: this.#deps.frames, member});
    return {member, outbound, pace, inbound: createRoomInbound(connection, {record, writer, gate, outbound})};
  }

  #receive({inbound, outbound}: Open, message: YjsMessage): void {
    switch (message.kind) {
      case 'step-1': {
        const clocks = parseStateVector(message.stateVector);
        if (clocks === null) this.#connection.end('bad_frame');
        else if (!isOfGeneration(clocks, outbound.generation)) this.#connection.end('reset_required');
        else inbound.step1(message.stateVector);
        break;
      }
      case 'step-2':
        inbound.step2(message.update);
        break;
      case 'update':
        inbound.update(message.update);
        break;
      case 'query-awareness':
        this.#connection.sendBytes(EMPTY_AWARENESS);
        break;
      case 'awareness':
      case 'auth':
        break;
    }
    this.#congestion.isCongested();
  }

  #recheck(member: Member): void {
    this.#rechecks++;
    assertStillMember(this.#deps.service, member).then(
      () => {
        this.#rechecks--;
        if (this.#rechecks === 0) this.#open?.outbound.resend();
      },
      (error: unknown) => this.#connection.fail(error),
    );
  }
}

/** Throws SyncError for ids that are none. */
function readClaim(query: URLSearchParams): Omit<Claim, 'address'> {
  const tenant = query.get('tenant');
  const device = query.get('device');
  const tenantId = tenant === null ? undefined : tenantIdSchema.safeParse(tenant);
  const deviceId = device === null ? undefined : deviceIdSchema.safeParse(device);
  if (tenantId?.success === false) throw new SyncError('no_membership');
  if (deviceId?.success === false) throw new SyncError('bad_request');
  return {token: query.get('token') ?? '', tenantId: tenantId?.data, deviceId: deviceId?.data};
}
