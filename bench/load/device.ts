// One device of the live scenarios: edits shared tasks, and counts what reaches it of the others' edits.
import type {Access, DeviceLink, Peer, TaskUpdate} from '../peers/peer.ts';
import {clockMs} from './clock.ts';
import type {Deliveries} from './deliveries.ts';
import {createHeads} from './heads.ts';
import {createReplica, type Replica} from './replica.ts';
import {clientOf, deviceOf, editedFields, editedValue, encodeEdit} from './tasks.ts';
import {scanUpdate, type ScannedStruct} from './update-scan.ts';

export interface DeviceSettings {
  readonly peer: Peer;
  readonly access: Access;
  readonly device: number;
  readonly devices: number;
  readonly records: number;
  /** Keeps whole documents, to be compared at the end. */
  readonly isSampled: boolean;
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
  /** Milliseconds from each edit to its acknowledgement. */
  ackLatencies(): readonly number[];
  readonly replica: Replica | null;
  close(): Promise<void>;
}

const below = (bound: number): number => Math.floor(Math.random() * bound);

/** Resolves when connected. */
export async function openDevice(settings: DeviceSettings): Promise<Device> {
  const {device, devices, records, deliveries} = settings;
  const heads = createHeads(records);
  const replica = settings.isSampled ? createReplica(device, {records, devices}) : null;
  const ownClocks = new Int32Array(records);
  const seenClocks = new Int32Array(records * devices);
  const sentAt: number[] = [];
  const ackLatencies: number[] = [];
  let received = 0;

  function count(record: number, struct: ScannedStruct, at: number): void {
    const author = deviceOf(struct.client);
    if (author < 0 || author >= devices || author === device) return;
    const slot = record * devices + author;
    const seen = seenClocks[slot] ?? 0;
    const end = struct.clock + struct.length;
    if (struct.clock > seen) settings.onFault(`device ${device} misses an edit of device ${author}`);
    for (let clock = Math.max(seen, struct.clock); clock < end; clock++) {
      deliveries.received({device: author, record, clock}, at);
      received++;
    }
    seenClocks[slot] = Math.max(seen, end);
  }

  function take({record, update}: TaskUpdate): void {
    const at = clockMs();
    scanUpdate(update, (struct) => {
      heads.addStruct(record, struct);
      count(record, struct, at);
    });
    replica?.apply({record, update});
  }

  const link: DeviceLink = await settings.peer.connect(
    settings.access,
    {device, records},
    {
      onUpdate: take,
      onAck(request) {
        ackLatencies.push(clockMs() - (sentAt[request - 1] ?? NaN));
        settings.onAck();
      },
      onFault: settings.onFault,
    },
  );

  function edit(): void {
    const record = below(records);
    const field = editedFields[below(editedFields.length)] ?? 'title';
    const clock = ownClocks[record] ?? 0;
    const [id, replaces] = [{client: clientOf(device), clock}, heads.head(record, field)];
    const value = editedValue(field, {device, edit: sentAt.length});
    const update = encodeEdit({id, replaces, at: Date.now(), value});
    ownClocks[record] = clock + 1;
    heads.add(record, field, {...id, originClient: replaces.client, originClock: replaces.clock});
    replica?.apply({record, update});
    const at = clockMs();
    sentAt.push(at);
    deliveries.sent({device, record, clock}, at);
    link.send(sentAt.length, [{record, update}]);
  }

  return {
    edit,
    outstanding: () => sentAt.length - ackLatencies.length,
    sentCount: () => sentAt.length,
    receivedCount: () => received,
    ackLatencies: () => ackLatencies,
    replica,
    close: () => link.close(),
  };
}
