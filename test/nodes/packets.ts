// What devices made, by the Yjs items it consists of: an update that arrives says which of it is inside.
import * as Y from 'yjs';
import type {ParsedUpdate} from '#crdt/update-reader.ts';
import type {Packet} from '../model/device.ts';

interface Made {
  readonly from: number;
  readonly to: number;
  readonly place: number;
  readonly packet: Packet;
}

export class Packets {
  readonly #byClient = new Map<string, Made[]>();
  readonly #known = new Set<Packet>();

  /** One that was noted before is not noted again. */
  note(recordId: string, packet: Packet): void {
    if (this.#known.has(packet)) return;
    this.#known.add(packet);
    const {from, to} = Y.parseUpdateMeta(packet.bytes);
    for (const [client, clock] of from) {
      const name = `${recordId}/${client}`;
      const made = this.#byClient.get(name) ?? [];
      made.push({from: clock, to: to.get(client) ?? clock, place: this.#known.size, packet});
      this.#byClient.set(name, made);
    }
  }

  /** Those with an item in the update, in the order they were made. */
  inside(recordId: string, {sections}: ParsedUpdate): Packet[] {
    const found = new Map<Packet, number>();
    for (const {client, structs} of sections) {
      const items = structs.filter(({kind}) => kind === 'item');
      for (const {from, to, place, packet} of this.#byClient.get(`${recordId}/${client}`) ?? []) {
        if (items.some(({clock, length}) => clock < to && clock + length > from)) found.set(packet, place);
      }
    }
    return [...found].sort(([, a], [, b]) => a - b).map(([packet]) => packet);
  }
}
