// A device on the socket that edits records like the devices of the model: it keeps what it wrote until that is
// acknowledged, sends it again where the connection or the document was lost, and starts under a new Yjs client id.
import * as Y from 'yjs';
import type {Reject} from '#crdt/protocol/reject.ts';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import {Watched} from '../conformance/watch.ts';
import {LiveDevice, type Answer, type Copy} from '../support/live-device.ts';
import type {LiveServer} from '../support/live-world.ts';
import type {Person} from '../support/world.ts';
import {createDevice, type Device, type Packet} from '../model/device.ts';
import {writeAgain} from '../model/editing.ts';
import {editYjs, type Choice} from '../model/edits.ts';
import {mintClient, type Field, type Plot} from './plot.ts';

/** Where a copy ends. */
interface Place {
  readonly position: number;
  readonly cursor: string | null;
}

/** What a backup of the device has of one record. */
interface Saved {
  readonly device: Device;
  readonly state: Uint8Array;
  readonly generation: number;
  readonly outbox: readonly Packet[];
}

export interface Backup {
  readonly place: Place;
  readonly records: ReadonlyMap<string, Saved>;
}

/** What one update of a request carries. */
interface Part {
  readonly plot: Plot;
  readonly device: Device;
  /** As it was when it was sent: another one since then makes the answer old news. */
  readonly doc: Y.Doc;
  readonly packets: readonly Packet[];
}

export class LiveEditor extends Watched {
  readonly kind = 'live';
  readonly person: Person;
  readonly isEmployee: boolean;
  /** By record: what it holds now. */
  readonly devices = new Map<string, Device>();
  /** Of its clock, ms, against the server's. */
  skew = 0;
  live: LiveDevice | null = null;
  /** Frames that did not link to the one before, over all connections. */
  holes = 0;
  readonly #field: Field;
  readonly #inFlight = new Set<Packet>();
  #records = new Map<string, Copy>();
  #place: Place = {position: 0, cursor: null};
  #requests = 0;

  constructor(field: Field, {person, isEmployee = false}: {person: Person; isEmployee?: boolean}) {
    super();
    this.#field = field;
    this.person = person;
    this.isEmployee = isEmployee;
  }

  get isConnected(): boolean {
    return this.live !== null && this.live.closed === null;
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.#requests;
  }

  /** Whether everything it wrote was acknowledged. */
  get isDone(): boolean {
    return [...this.devices.values()].every(({outbox}) => outbox.length === 0);
  }

  /** Resolves once welcomed and caught up, or refused. */
  async connect(server: LiveServer): Promise<void> {
    this.#leave();
    const {token, tenantId, deviceId} = this.person;
    const clientId = mintClient();
    for (const {doc} of this.#records.values()) doc.clientID = clientId;
    for (const device of this.devices.values()) device.clients.add(clientId);
    this.live = await LiveDevice.connect({
      url: server.url,
      token,
      tenantId,
      deviceId,
      clientId,
      cursor: this.#place.cursor,
      clock: Date.now() + this.skew,
      records: this.#records,
      keepFrames: false,
    });
    await this.live.live();
    this.#follow();
  }

  disconnect(): void {
    this.live?.ws.terminate();
    this.#leave();
  }

  /** The app starts anew: what was stored, under another Yjs client id. */
  restart(): void {
    this.disconnect();
    this.#restore(this.save());
  }

  save(): Backup {
    this.#follow();
    const records = [...this.devices].map(([id, device]): [string, Saved] => [
      id,
      {
        device,
        state: Y.encodeStateAsUpdate(device.doc),
        generation: device.generation,
        outbox: [...device.outbox],
      },
    ]);
    return {place: this.#now(), records: new Map(records)};
  }

  /** What was saved takes the place of what it has. */
  restore(backup: Backup): void {
    this.disconnect();
    this.#restore(backup);
  }

  /** What it has of a record now. */
  hold(id: string): Device | undefined {
    this.#follow();
    return this.devices.get(id);
  }

  /** One edit as the model chooses them; answers false if it does not hold the record. */
  edit(plot: Plot, choice: Choice): boolean {
    this.#follow();
    const device = this.devices.get(plot.id);
    if (device === undefined) return false;
    const {position, cursor} = this.#now();
    device.cursor = position;
    if (cursor !== null) device.cursorText = cursor;
    editYjs({vocabulary: plot.vocabulary, stamp: () => this.#stamp(plot)}, device, choice);
    this.#note(plot, device);
    return true;
  }

  /** What was written and is not under way, one update per record. */
  send(): void {
    this.#follow();
    if (!this.isConnected) return;
    const parts: Part[] = [];
    for (const plot of this.#field.plots) {
      const device = this.devices.get(plot.id);
      const packets = device?.outbox.filter((packet) => !this.#inFlight.has(packet)) ?? [];
      if (device !== undefined && packets.length > 0) parts.push({plot, device, doc: device.doc, packets});
    }
    if (parts.length > 0)
      this.#request(parts, ({packets}) => Y.mergeUpdates(packets.map(({bytes}) => bytes)));
  }

  /** Some of what it sent before, or nothing at all, of a record that it holds: it must change nothing. */
  sendAgain(plot: Plot): void {
    this.#follow();
    const device = this.devices.get(plot.id);
    if (device === undefined || !this.isConnected) return;
    const packets = device.sent.slice(-SENT_AGAIN_MAX);
    this.#request([{plot, device, doc: device.doc, packets}], () =>
      packets.length === 0 ? Uint8Array.of(0, 0) : Y.mergeUpdates(packets.map(({bytes}) => bytes)),
    );
  }

  /** Resolves when no request waits: each was answered, or its connection ended. */
  async settled(): Promise<void> {
    await this.until(() => this.#requests === 0);
  }

  #restore({place, records}: Backup): void {
    this.#place = place;
    this.#records = new Map();
    this.devices.clear();
    for (const plot of this.#field.plots) {
      const saved = records.get(plot.id);
      if (saved === undefined) continue;
      const copy = {doc: new Y.Doc({gc: false}), generation: saved.generation, seq: 0};
      Y.applyUpdate(copy.doc, saved.state);
      const device = this.#hold(plot, copy);
      device.outbox = [...saved.outbox];
      for (const client of saved.device.clients) device.clients.add(client);
      this.#records.set(`${plot.vocabulary.entity}/${plot.id}`, copy);
      this.devices.set(plot.id, device);
    }
  }

  #stamp({stamp}: Plot): number {
    return stamp(Date.now() + this.skew - this.#field.behindMs);
  }

  #note(plot: Plot, device: Device): void {
    for (const packet of device.outbox) this.#field.packets.note(plot.id, packet);
  }

  /**
   * Keeps what the connection came to, for the next one. A frame that came later would bring the documents further than
   * the place that goes with them.
   */
  #leave(): void {
    const {live} = this;
    if (live === null) return;
    this.holes += live.holes;
    this.#follow();
    this.#place = this.#now();
    live.abandon();
    this.live = null;
  }

  #now(): Place {
    const {live} = this;
    if (live === null || live.welcome === null) return this.#place;
    // Copied: a connection goes on from here, and a backup must not go with it.
    const {position, cursor} = live;
    return {position, cursor};
  }

  /** Takes note of records that came, went, or began anew in another document. */
  #follow(): void {
    const {live} = this;
    if (live === null) return;
    for (const plot of this.#field.plots) {
      const copy = live.records.get(`${plot.vocabulary.entity}/${plot.id}`);
      const device = this.devices.get(plot.id);
      if (copy === undefined) this.devices.delete(plot.id);
      else if (device === undefined) this.devices.set(plot.id, this.#hold(plot, copy));
      else if (device.doc !== copy.doc) this.#moveTo(plot, device, copy);
    }
  }

  #hold({vocabulary}: Plot, {doc, generation}: Copy): Device {
    const {isEmployee, person} = this;
    // What it wrote before it lost the record may still arrive.
    doc.clientID = mintClient();
    const device = createDevice(
      {id: person.deviceId, employee: isEmployee, vocabulary, gc: false},
      doc.clientID,
    );
    device.doc = doc;
    device.generation = generation;
    return device;
  }

  /** A document of another generation: what was not acknowledged is written again. */
  #moveTo(plot: Plot, device: Device, {doc, generation}: Copy): void {
    const pending = device.outbox;
    doc.clientID = mintClient();
    device.clients.add(doc.clientID);
    device.doc = doc;
    device.generation = generation;
    device.outbox = [];
    device.sent.length = 0;
    device.names.clear();
    writeAgain(device, pending, () => this.#stamp(plot));
    this.#note(plot, device);
  }

  #request(parts: readonly Part[], bytesOf: (part: Part) => Uint8Array): void {
    const {live} = this;
    if (live === null) return;
    const updates = parts.map((part): RecordUpdate => ({
      entity: part.plot.vocabulary.entity,
      id: part.plot.id,
      generation: part.device.generation,
      bytes: bytesOf(part),
    }));
    const packets = parts.flatMap((part) => part.packets);
    for (const packet of packets) this.#inFlight.add(packet);
    this.#requests++;
    const request = live.sendUpdates(updates);
    live
      .answered(request, updates.length)
      .then(
        (answers) => {
          for (const packet of packets) this.#inFlight.delete(packet);
          for (const [index, part] of parts.entries()) this.#take(part, answers[index]!);
        },
        // The connection ended: the next one sends it again.
        () => packets.forEach((packet) => this.#inFlight.delete(packet)),
      )
      .finally(() => {
        live.answers.delete(request);
        this.#requests--;
        this.changed();
      });
  }

  #take(part: Part, answer: Answer): void {
    const {device, packets} = part;
    switch (answer.kind) {
      case 'ack':
        this.#acknowledge(device, packets);
        break;
      case 'reject':
        this.#takeReject(part, answer);
        break;
      case 'need':
        // All that is missing, which the outbox is part of.
        if (device.doc === part.doc && this.isConnected)
          this.#request([{...part, packets: [...device.outbox]}], ({doc}) =>
            Y.encodeStateAsUpdate(doc, answer.stateVector),
          );
        break;
      case 'retry':
        break;
    }
  }

  #acknowledge(device: Device, packets: readonly Packet[]): void {
    device.outbox = device.outbox.filter((packet) => !packets.includes(packet));
    device.sent.push(...packets);
    if (device.sent.length > SENT_KEPT_MAX) device.sent.splice(0, device.sent.length - SENT_KEPT_MAX);
  }

  #takeReject({plot, device, doc, packets}: Part, {code, seq, current}: Reject): void {
    const name = `${plot.vocabulary.entity}/${plot.id}`;
    if (seq !== null) {
      // Refused field by field: the server has the items, and says what holds instead.
      this.#acknowledge(device, packets);
    } else if (code === 'reset_required') {
      const copy = this.live?.records.get(name);
      if (current.kind !== 'state' || copy === undefined || current.generation <= copy.generation) return;
      copy.doc = new Y.Doc({gc: false});
      copy.generation = current.generation;
      Y.applyUpdate(copy.doc, current.state);
    } else if (code === 'out_of_scope' || code === 'no_membership') {
      this.#acknowledge(device, packets);
      // A document with refused items is of no use to anybody.
      if (this.live?.records.get(name)?.doc === doc) this.live.records.delete(name);
    } else {
      throw new Error(`An honest update was rejected: ${code}`);
    }
  }
}

const SENT_KEPT_MAX = 20;
const SENT_AGAIN_MAX = 4;
