// One device's connection, from its `hello` to its end: tells the parts apart and hands frames to them. What a
// device is sent is decided in outbound.ts, what it sends goes through inbound.ts.
import {decodeDeviceFrame, type DeviceFrame} from '#crdt/protocol/frame.ts';
import type {Hello} from '#crdt/protocol/hello.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {Welcome} from '#crdt/protocol/welcome.ts';
import {HELLO_BYTES_MAX, HELLO_DEADLINE_MS} from '#crdt/protocol/limits.ts';
import type {Following} from '../sync/fan-out.ts';
import type {Member} from '../sync/members.ts';
import type {Service} from '../sync/service.ts';
import type {Admission} from './admission.ts';
import {audienceOf} from './audience.ts';
import {createCongestion, type Congestion} from './congestion.ts';
import type {Connection} from './connection.ts';
import type {FrameRates} from './frame-rates.ts';
import {drainConnection} from './drain.ts';
import {createGate, type Gate} from './gate.ts';
import {greet, type Greeted, type HandshakeDeps} from './handshake.ts';
import {startHeartbeat, type Heartbeat} from './heartbeat.ts';
import {assertStillMember, identify, isSameMembership} from './identify.ts';
import {createInbound, type Inbound} from './inbound.ts';
import {createOutbound, type Outbound} from './outbound.ts';
import {createPace, type Pace} from './pace.ts';
import type {OpenSession} from './sessions.ts';
import type {SocketPlaces} from './socket-places.ts';
import type {SocketEvents} from './socket.ts';
import {startTokenWatch, type TokenWatch} from './token-watch.ts';
import {createWriter} from './writer.ts';

export interface SessionDeps extends HandshakeDeps {
  readonly admission: Admission;
  /** How many sockets each user and tenant may have open. */
  readonly places: SocketPlaces;
  /** What each device, user and tenant may send. */
  readonly frames: FrameRates;
  readonly service: Pick<
    Service,
    'users' | 'members' | 'revokedTokens' | 'cursors' | 'replicas' | 'now' | 'feed' | 'fanOut' | 'lanes'
  >;
}

/** What there is once it is known whose device this is. */
interface Open {
  readonly member: Member;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly token: TokenWatch;
  readonly pace: Pace;
}

export class LiveSession implements SocketEvents, OpenSession {
  readonly kind = 'live';
  readonly #connection: Connection;
  readonly #deps: SessionDeps;
  readonly #address: string;
  readonly #gate: Gate;
  readonly #congestion: Congestion;
  readonly #heartbeat: Heartbeat;
  readonly #cancelDeadline: () => void;
  #state: 'silent' | 'greeting' | Open = 'silent';
  /** The welcome comes before every other frame. */
  #isWelcomed = false;
  /** Checks under way whether the membership still holds; nothing is sent meanwhile. */
  #rechecks = 0;

  /** address: of the caller. */
  constructor(connection: Connection, deps: SessionDeps, address: string) {
    this.#connection = connection;
    this.#deps = deps;
    this.#address = address;
    this.#gate = createGate(connection.socket);
    this.#congestion = createCongestion(connection, this.#gate);
    this.#heartbeat = startHeartbeat(connection, {gate: this.#gate, now: deps.service.now});
    this.#cancelDeadline = connection.after(HELLO_DEADLINE_MS, () => connection.end('hello_timeout'));
  }

  frame(bytes: Uint8Array): void {
    if (this.#connection.isEnded()) return;
    this.#heartbeat.heard();
    const isFirst = this.#state === 'silent';
    const decoded = decodeDeviceFrame(bytes);
    if (!decoded.ok) {
      this.#connection.end(decoded.code);
    } else if (isFirst !== (decoded.frame.kind === 'hello') || (isFirst && bytes.length > HELLO_BYTES_MAX)) {
      this.#connection.end('bad_frame');
    } else {
      this.#receive(decoded.frame);
    }
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

  drain(when: {closeInMs: number; reconnectAfterMs: number}): void {
    const {closeInMs} = when;
    if (this.#isWelcomed) this.#connection.send({kind: 'drain', ...when});
    const inbound = (): Inbound | null => this.#open?.inbound ?? null;
    drainConnection(this.#connection, {gate: this.#gate, closeInMs, inbound});
  }

  restart(): void {
    this.#connection.restart();
  }

  get #open(): Open | null {
    return typeof this.#state === 'string' ? null : this.#state;
  }

  #receive(frame: DeviceFrame): void {
    if (frame.kind === 'hello') {
      this.#state = 'greeting';
      this.#cancelDeadline();
      this.#gate.hold('greeting');
      this.#deps.admission
        .run(this.#connection, () => this.#greet(frame))
        .catch((error: unknown) => this.#connection.fail(error));
      return;
    }
    const open = this.#open;
    if (open === null) return;
    open.pace.heard();
    switch (frame.kind) {
      case 'update':
        open.inbound.update(frame);
        break;
      case 'sync-step-1':
        open.inbound.compare(frame);
        break;
      case 'token':
        this.#renew(open, frame.token).catch((error: unknown) => this.#connection.fail(error));
        break;
      case 'ping':
        this.#connection.send({kind: 'pong', clock: frame.clock, serverTime: this.#deps.service.now()});
        this.#congestion.isCongested();
        break;
    }
  }

  async #greet(hello: Hello): Promise<void> {
    const greeted = await greet(this.#deps, hello, {
      address: this.#address,
      takePlace: (member) => this.#deps.places.take(this.#connection, member),
    });
    if (this.#connection.isEnded()) return;
    const {member} = greeted;
    // Followed before the feed is read, so that nothing falls between; and asked again who this is, because a
    // membership may have ended while nobody was following.
    const {fanOut, members} = this.#deps.service;
    const following = fanOut.follow({
      member,
      deliver: (batch) => this.#open?.outbound.deliver(batch),
      revoked: () => {
        if (this.#open !== null) this.#recheck(this.#open);
      },
    });
    this.#connection.onEnd(following.stop);
    const open = this.#openWith(greeted, following);
    this.#state = open;
    await following.ready;
    await assertStillMember({members}, member);
    if (this.#connection.isEnded()) return;
    // Else the check under way starts it, or ends the connection.
    if (this.#rechecks === 0) open.outbound.start();
  }

  #welcome(welcome: Welcome): void {
    this.#connection.send(welcome);
    this.#isWelcomed = true;
    this.#gate.release('greeting');
  }

  #openWith({member, token, clients, welcome}: Greeted, following: Following): Open {
    const {service} = this.#deps;
    const {feed} = service;
    const [connection, gate, congestion] = [this.#connection, this.#gate, this.#congestion];
    const writer = createWriter({service, member, offset: welcome.offset, clients});
    return {
      member,
      inbound: createInbound(connection, {feed, member, writer, gate, congestion}),
      outbound: createOutbound(connection, {
        feed,
        member,
        audience: audienceOf(member, following),
        congestion,
        position: welcome.position,
        beforeFirstPage: () => this.#welcome(welcome),
      }),
      token: startTokenWatch(connection, token, service),
      pace: createPace(connection, {gate, frames: this.#deps.frames, member}),
    };
  }

  /** Somebody's access changed: nothing more is sent until it is known that it was not this one's. */
  #recheck(open: Open): void {
    open.outbound.stop();
    this.#rechecks++;
    assertStillMember(this.#deps.service, open.member).then(
      () => {
        this.#rechecks--;
        if (this.#rechecks === 0 && !this.#connection.isEnded()) open.outbound.start();
      },
      (error: unknown) => this.#connection.fail(error),
    );
  }

  async #renew({member, token: watch}: Open, token: string): Promise<void> {
    const {tenantId, deviceId} = member;
    const renewed = await identify(this.#deps, {token, tenantId, deviceId, address: this.#address});
    if (renewed.member.userId !== member.userId) throw new SyncError('forbidden');
    if (!isSameMembership(renewed.member, member)) throw new SyncError('membership_changed');
    watch.renew(renewed);
    this.#connection.send({kind: 'renewed', tokenExpiresAt: Math.trunc(renewed.expiresAtMs)});
  }
}
