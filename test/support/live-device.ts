// A device that speaks the live protocol: keeps a Yjs document per record, sends edits, notes every answer. Written
// against the protocol alone, so that what it holds says what any device would hold. For tests, the kill test
// and the bench.
import {randomUUID} from 'node:crypto';
import {WebSocket} from 'ws';
import * as Y from 'yjs';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {AckResult} from '#crdt/protocol/ack.ts';
import type {ChangedRecord, Changes} from '#crdt/protocol/changes.ts';
import {decodeServerFrame, encodeFrame, type DeviceFrame, type ServerFrame} from '#crdt/protocol/frame.ts';
import type {Need} from '#crdt/protocol/need.ts';
import type {Reject} from '#crdt/protocol/reject.ts';
import type {Retry} from '#crdt/protocol/retry.ts';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import {cursorAt, type Welcome} from '#crdt/protocol/welcome.ts';
import {Watched} from '../conformance/watch.ts';

export interface LiveDeviceOptions {
  /** `ws://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  readonly tenantId: string | null;
  readonly deviceId?: string;
  readonly clientId?: number;
  /** Where the copy in `records` ends; null: from the beginning. */
  readonly cursor?: string | null;
  /** The device's clock, ms. */
  readonly clock?: number;
  /** Keep every frame in `frames`; off for long runs. */
  readonly keepFrames?: boolean;
  /** Of the upgrade request. */
  readonly headers?: Record<string, string>;
  /** A copy to go on with, for a device that comes back. */
  readonly records?: Map<string, Copy>;
}

/** The device's copy of one record. */
export interface Copy {
  doc: Y.Doc;
  generation: number;
  seq: number;
}

export type Answer = ({readonly kind: 'ack'} & AckResult) | Reject | Need | Retry;

export const randomClientId = (): number => Math.floor(Math.random() * 2 ** 32);

const nameOf = ({entity, id}: {entity: string; id: string}): string => `${entity}/${id}`;

export class LiveDevice extends Watched {
  readonly ws: WebSocket;
  readonly clientId: number;
  readonly frames: ServerFrame[] = [];
  /** By `entity/id`. */
  readonly records: Map<string, Copy>;
  /** Sent and not answered yet, by request; then the answers by place. */
  readonly answers = new Map<number, Map<number, Answer>>();
  welcome: Welcome | null = null;
  /** Up to where the copy is whole. */
  position = 0;
  caughtUps = 0;
  /** `changes` and `removed` frames that did not link to the one before. After one the connection is given up. */
  holes = 0;
  closed: {code: number; reason: string} | null = null;
  readonly #keepFrames: boolean;
  #request = 0;

  /** Opens the socket and sends nothing. */
  constructor({
    url,
    clientId = randomClientId(),
    keepFrames = true,
    headers = {},
    records = new Map<string, Copy>(),
  }: Pick<LiveDeviceOptions, 'url' | 'clientId' | 'keepFrames' | 'headers' | 'records'>) {
    super();
    this.clientId = clientId;
    this.records = records;
    this.#keepFrames = keepFrames;
    this.ws = new WebSocket(`${url}/v1/sync/live`, {perMessageDeflate: false, headers});
    this.ws.on('message', (bytes: Buffer) => this.#receive(bytes));
    this.ws.on('open', () => this.changed());
    // `close` follows.
    this.ws.on('error', () => this.changed());
    this.ws.on('close', (code, reason) => {
      this.closed = {code, reason: reason.toString()};
      this.changed();
    });
  }

  /** Says hello; resolves once welcomed or closed. */
  static async connect(options: LiveDeviceOptions): Promise<LiveDevice> {
    const device = new LiveDevice(options);
    await device.opened();
    device.send({
      kind: 'hello',
      version: PROTOCOL_VERSION,
      token: options.token,
      tenantId: options.tenantId,
      deviceId: options.deviceId ?? randomUUID(),
      clientId: device.clientId,
      clock: options.clock ?? Date.now(),
      cursor: options.cursor ?? null,
    });
    await device.until(() => device.welcome !== null || device.closed !== null);
    return device;
  }

  async opened(): Promise<void> {
    await this.until(() => this.ws.readyState !== WebSocket.CONNECTING);
  }

  send(frame: DeviceFrame): void {
    this.ws.send(encodeFrame(frame));
  }

  /** Good for the next `hello` of this device. */
  get cursor(): string {
    if (this.welcome === null) throw new Error('The device was not welcomed.');
    return cursorAt(this.welcome.cursorPrefix, this.position);
  }

  /** Whose copies it holds. */
  copies(): {entity: EntityName; id: string}[] {
    return [...this.records.keys()].map((name) => {
      const [entity, id] = name.split('/') as [EntityName, string];
      return {entity, id};
    });
  }

  copyOf(entity: string, id: string): Copy {
    const name = nameOf({entity, id});
    let copy = this.records.get(name);
    if (copy === undefined) {
      copy = {doc: this.#newDoc(), generation: 0, seq: 0};
      this.records.set(name, copy);
    }
    return copy;
  }

  /** What an edit of the device's own copy adds, as it is to be sent. */
  capture(entity: string, id: string, change: (doc: Y.Doc) => void): RecordUpdate {
    const {doc, generation} = this.copyOf(entity, id);
    const made: Uint8Array[] = [];
    const note = (update: Uint8Array): void => void made.push(update);
    doc.on('update', note);
    doc.transact(() => change(doc));
    doc.off('update', note);
    return {entity, id, generation, bytes: made.length === 0 ? Uint8Array.of(0, 0) : Y.mergeUpdates(made)};
  }

  /** Writes fields of a record and sends that; answers the request's number. */
  write(entity: string, id: string, fields: Record<string, unknown>, at = Date.now()): number {
    return this.sendUpdates([this.capture(entity, id, (doc) => writeFields(doc, fields, at))]);
  }

  sendUpdates(updates: readonly RecordUpdate[]): number {
    const request = ++this.#request;
    this.answers.set(request, new Map());
    this.send({kind: 'update', request, updates});
    return request;
  }

  /** Resolves with the answers of a request in order of its updates; rejects if the connection ends before. */
  async answered(request: number, count = 1): Promise<Answer[]> {
    await this.until(() => (this.answers.get(request)?.size ?? 0) >= count || this.closed !== null);
    const answers = this.answers.get(request) ?? new Map<number, Answer>();
    if (answers.size < count) throw new Error(`Closed with ${this.closed?.code} ${this.closed?.reason}.`);
    return [...answers].sort(([a], [b]) => a - b).map(([, answer]) => answer);
  }

  /** Resolves once the copy is whole up to a position. */
  async reached(position: number): Promise<void> {
    await this.until(() => this.position >= position || this.closed !== null);
    if (this.position < position) throw new Error(`Closed with ${this.closed?.code} ${this.closed?.reason}.`);
  }

  async live(): Promise<this> {
    await this.until(() => this.caughtUps > 0 || this.closed !== null);
    return this;
  }

  async ended(): Promise<{code: number; reason: string}> {
    await this.until(() => this.closed !== null);
    return this.closed!;
  }

  /** The next frame of a kind after those already there; also resolves for one that came before. */
  async nextOf<K extends ServerFrame['kind']>(kind: K): Promise<Extract<ServerFrame, {kind: K}>> {
    await this.until(() => this.frames.some((frame) => frame.kind === kind) || this.closed !== null);
    const found = this.frames.find((frame) => frame.kind === kind);
    if (found === undefined) throw new Error(`Closed with ${this.closed?.code} ${this.closed?.reason}.`);
    return found as Extract<ServerFrame, {kind: K}>;
  }

  /** What the copy shows: values of the registers of one record. */
  shown(entity: string, id: string): Record<string, unknown> {
    const fields = this.records.get(nameOf({entity, id}))?.doc.getMap('fields').toJSON() ?? {};
    return Object.fromEntries(
      Object.entries(fields).map(([key, entry]) => [key, (entry as [number, unknown])[1]]),
    );
  }

  close(): void {
    this.ws.close();
  }

  /** Closes, and takes nothing of what still comes until that is done: its copies may be another connection's by then. */
  abandon(): void {
    this.ws.removeAllListeners('message');
    this.ws.close();
  }

  #newDoc(): Y.Doc {
    // Without collection: what others wrote over must still be told when it is sent again.
    const doc = new Y.Doc({gc: false});
    doc.clientID = this.clientId;
    return doc;
  }

  #receive(bytes: Uint8Array): void {
    const decoded = decodeServerFrame(new Uint8Array(bytes));
    if (!decoded.ok) throw new Error(decoded.message);
    const {frame} = decoded;
    if (this.#keepFrames) this.frames.push(frame);
    this.#take(frame);
    this.changed();
  }

  #take(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'welcome':
        this.welcome = frame;
        this.position = frame.position;
        break;
      case 'changes':
        this.#apply(frame);
        break;
      case 'removed':
        if (!this.#links(frame)) break;
        for (const record of frame.records) this.records.delete(nameOf(record));
        this.position = Math.max(this.position, frame.to);
        break;
      case 'caught-up':
        this.caughtUps++;
        break;
      case 'ack':
        for (const result of frame.results) this.#answer({kind: 'ack', ...result});
        break;
      case 'reject':
      case 'need':
      case 'retry':
        this.#answer(frame);
        break;
      default:
        break;
    }
  }

  #answer(answer: Answer): void {
    this.answers.get(answer.request)?.set(answer.index, answer);
  }

  /** What was missed must come first: it is asked for again from the cursor, by a new connection. */
  #links({from}: {readonly from: number}): boolean {
    if (this.holes === 0 && from <= this.position) return true;
    this.holes++;
    this.ws.terminate();
    return false;
  }

  #apply({from, to, records}: Changes): void {
    if (!this.#links({from})) return;
    for (const record of records) this.#applyRecord(record);
    this.position = Math.max(this.position, to);
  }

  #applyRecord({entity, id, seq, generation, updates}: ChangedRecord): void {
    const copy = this.copyOf(entity, id);
    if (generation > copy.generation) {
      copy.doc = this.#newDoc();
      copy.generation = generation;
    }
    for (const update of updates) Y.applyUpdate(copy.doc, update);
    copy.seq = Math.max(copy.seq, seq);
  }
}

/** Registers as devices write them: `[at, value]`. */
export function writeFields(doc: Y.Doc, fields: Record<string, unknown>, at = Date.now()): void {
  const map = doc.getMap('fields');
  for (const [name, value] of Object.entries(fields)) map.set(name, [at, value]);
}
