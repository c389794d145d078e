// One device of the live scenarios: edits shared tasks, and counts what reaches it of the others' edits.
import type {Access, DeviceLink, Peer, TaskUpdate} from '../peers/peer.ts';
import {clockMs} from './clock.ts';
import type {Deliveries} from './deliveries.ts';
import {createHeads} from './heads.ts';
import {createReplica, type Replica} from './replica.ts';
import {clientOf, deviceOf, editedValue, encodeEdit, fieldsEditedBy, type EditedField} from './tasks.ts';
import {scanUpdate, type ScannedStruct} from './update-scan.ts';

export interface DeviceSettings {
  readonly peer: Peer;
  readonly access: Access;
  readonly device: number;
  readonly devices: number;
  readonly records: number;
  /** The records it edits; all if absent. */
  readonly edited?: {readonly first: number; readonly count: number};
  /** Keeps whole documents, to be compared at the end. */
  readonly isSampled: boolean;
  /** Begins where `Access.cursor` is. */
  readonly isUpToDate?: boolean;
  readonly deliveries: Deliveries;
  readonly onFault: (message: string) => void;
  readonly onAck: () => void;
}

export interface Device {
  /** Writes a random field of a random task and sends it. */
  edit(): void;
  outstanding(): number;
  sentCount(): number;
  /** Edits of other devices received, each once. */
  receivedCount(): number;
  /** How often the server has compacted a document that the device had. */
  resetCount(): number;
  /** Milliseconds from each edit to its acknowledgement. */
  ackLatencies(): readonly number[];
  readonly replica: Replica | null;
  close(): Promise<void>;
}

interface Edit {
  readonly record: number;
  readonly field: EditedField;
  readonly value: unknown;
  /** Of the document it was made on. */
  readonly generation: number;
  readonly clock: number;
}

const below = (bound: number): number => Math.floor(Math.random() * bound);

/** Resolves when connected. */
export async function openDevice(settings: DeviceSettings): Promise<Device> {
  const {device, devices, records, deliveries} = settings;
  const fields = fieldsEditedBy(device);
  const heads = createHeads(records);
  const replica = settings.isSampled ? createReplica(device, {records, devices}) : null;
  const generations = new Int32Array(records);
  const ownClocks = new Int32Array(records);
  const seenClocks = new Int32Array(records * devices);
  /** By request; the edit as it was last sent. */
  const pending = new Map<number, Edit>();
  const sentAt: number[] = [];
  const ackLatencies: number[] = [];
  let received = 0;
  let resets = 0;
  const documentOf = (record: number, generation = generations[record] ?? 0): number =>
    generation * records + record;

  function count(record: number, struct: ScannedStruct, at: number): void {
    const author = deviceOf(struct.client);
    if (author < 0 || author >= devices) return;
    const end = struct.clock + struct.length;
    if (author === device) {
      ownClocks[record] = Math.max(ownClocks[record] ?? 0, end);
      return;
    }
    const slot = record * devices + author;
    const seen = seenClocks[slot] ?? 0;
    if (struct.clock > seen) settings.onFault(`device ${device} misses an edit of device ${author}`);
    for (let clock = Math.max(seen, struct.clock); clock < end; clock++) {
      deliveries.received({device: author, document: documentOf(record), clock}, at);
      received++;
    }
    seenClocks[slot] = Math.max(seen, end);
  }

  function scan({record, update}: TaskUpdate): void {
    const at = clockMs();
    scanUpdate(update, (struct) => {
      heads.addStruct(record, struct);
      count(record, struct, at);
    });
  }

  /** What was not seen of the old generations came within the state. */
  function reset({record, update, generation}: TaskUpdate & {generation: number}): void {
    const own = seenClocks.subarray(record * devices, (record + 1) * devices);
    for (let old = generations[record] ?? 0; old < generation; old++) {
      deliveries.reset({device, document: documentOf(record, old), at: clockMs(), seen: [...own]});
      own.fill(0);
    }
    resets++;
    generations[record] = generation;
    ownClocks[record] = 0;
    heads.forget(record);
    replica?.reset({record, update});
    scan({record, update});
  }

  const link: DeviceLink = await settings.peer.connect(
    settings.access,
    {device, records, isUpToDate: settings.isUpToDate === true},
    {
      onUpdate(update) {
        scan(update);
        replica?.apply(update);
      },
      onAck(request) {
        pending.delete(request);
        ackLatencies.push(clockMs() - (sentAt[request - 1] ?? NaN));
        settings.onAck();
      },
      onFault: settings.onFault,
      onReset: reset,
      onRewrite(request) {
        const edit = pending.get(request);
        if (edit === undefined) return;
        const {record, generation, clock} = edit;
        deliveries.takenBack({device, document: documentOf(record, generation), clock});
        write(request, edit);
      },
    },
  );

  function write(request: number, {record, field, value}: Pick<Edit, 'record' | 'field' | 'value'>): void {
    const clock = ownClocks[record] ?? 0;
    const generation = generations[record] ?? 0;
    const [id, replaces] = [{client: clientOf(device), clock}, heads.head(record, field)];
    const update = encodeEdit({id, replaces, at: Date.now(), value});
    ownClocks[record] = clock + 1;
    heads.add(record, field, {...id, originClient: replaces.client, originClock: replaces.clock});
    replica?.apply({record, update});
    sentAt[request - 1] ??= clockMs();
    pending.set(request, {record, field, value, generation, clock});
    deliveries.sent({device, document: documentOf(record), clock}, sentAt[request - 1] ?? NaN);
    link.send(request, [{record, update}]);
  }

  return {
    edit() {
      const field = fields[below(fields.length)] ?? 'cancelReason';
      const value = editedValue(field, {device, edit: sentAt.length});
      const {first, count: edited} = settings.edited ?? {first: 0, count: records};
      write(sentAt.length + 1, {record: first + below(edited), field, value});
    },
    outstanding: () => sentAt.length - ackLatencies.length,
    sentCount: () => sentAt.length,
    receivedCount: () => received,
    resetCount: () => resets,
    ackLatencies: () => ackLatencies,
    replica,
    close: () => link.close(),
  };
}
