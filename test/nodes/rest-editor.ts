// A device without a socket: it pulls JSON, edits what it pulled, and pushes that with the cursor that it saw.
import type {PushResult} from '#crdt/protocol/push.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import {derivedUuid} from '#server/sync/devices.ts';
import type {Random} from '../support/random.ts';
import type {Person} from '../support/world.ts';
import {DELETED_AT} from '../model/arrival.ts';
import {editJson, type Choice} from '../model/edits.ts';
import {createJsonDevice, pull, type JsonDevice, type JsonPush} from '../model/json-device.ts';
import type {Field, Plot} from './plot.ts';

interface Pending {
  readonly plot: Plot;
  readonly device: JsonDevice;
  readonly push: JsonPush;
}

interface State {
  readonly devices: ReadonlyMap<string, JsonDevice>;
  readonly payloads: ReadonlyMap<string, JsonObject>;
  readonly deleted: ReadonlySet<string>;
  readonly cursor: string;
}

/** peek: the position a cursor stands for. */
export interface RestEditorDeps {
  readonly field: Field;
  readonly peek: (cursor: string) => number;
  readonly isEmployee?: boolean;
}

export class RestEditor {
  readonly kind = 'rest';
  readonly isEmployee: boolean;
  readonly devices = new Map<string, JsonDevice>();
  skew = 0;
  person: Person;
  readonly #deps: RestEditorDeps;
  readonly #payloads = new Map<string, JsonObject>();
  readonly #deleted = new Set<string>();
  /** By position, as the server wrote them. */
  readonly #cursors = new Map<number, string>();
  #cursor = '';
  #numbers = 0;

  /** person: asks one node; see `World.here`. */
  constructor(deps: RestEditorDeps, person: Person) {
    this.#deps = deps;
    this.person = person;
    this.isEmployee = deps.isEmployee ?? false;
  }

  get isDone(): boolean {
    return [...this.devices.values()].every(({outbox}) => outbox.length === 0);
  }

  /** Everything that is new for it. */
  async pull(limit = 200): Promise<void> {
    for (let more = true; more;) {
      const page = await this.person.pull(
        `limit=${limit}${this.#cursor === '' ? '' : `&since=${this.#cursor}`}`,
      );
      for (const change of page.changes) this.#take(change);
      this.#cursor = page.nextCursor;
      more = page.hasMore;
    }
    const seq = this.#deps.peek(this.#cursor);
    this.#cursors.set(seq, this.#cursor);
    for (const plot of this.#deps.field.plots) this.#refresh(plot, seq);
  }

  /** Answers false if it does not hold the record. */
  edit(plot: Plot, choice: Choice): boolean {
    const device = this.devices.get(plot.id);
    if (device === undefined) return false;
    const at = plot.stamp(Date.now() + this.skew - this.#deps.field.behindMs);
    editJson({vocabulary: plot.vocabulary, stamp: () => at}, device, choice);
    for (const push of device.outbox) this.#deps.field.pushes.set(this.#changeId(plot, push), push);
    return true;
  }

  /** Something that was pushed before, once more: it must change nothing. */
  async pushAgain(random: Random): Promise<void> {
    const sent = this.#deps.field.plots.flatMap((plot) =>
      (this.devices.get(plot.id)?.sent ?? []).map((push) => ({plot, push})),
    );
    if (sent.length > 0) await this.person.push([this.#written(random.pick(sent))]);
  }

  /** All that is not acknowledged, in order, in one request. */
  async push(): Promise<void> {
    const pending: Pending[] = [];
    for (const plot of this.#deps.field.plots) {
      const device = this.devices.get(plot.id);
      for (const push of device?.outbox ?? []) pending.push({plot, device: device!, push});
    }
    if (pending.length === 0) return;
    const results = await this.person.push(
      pending.map((one) => this.#written(one)),
      {deviceTime: new Date(Date.now() + this.skew).toISOString()},
    );
    for (const [index, one] of pending.entries()) this.#answered(one, results[index]);
  }

  save(): State {
    return {
      devices: new Map([...this.devices].map(([id, device]) => [id, copyOf(device)])),
      payloads: new Map(this.#payloads),
      deleted: new Set(this.#deleted),
      cursor: this.#cursor,
    };
  }

  /** What was saved takes the place of what it has. */
  restore({devices, payloads, deleted, cursor}: State): void {
    this.devices.clear();
    this.#payloads.clear();
    this.#deleted.clear();
    for (const [id, device] of devices) this.devices.set(id, this.#numbered(copyOf(device)));
    for (const [id, payload] of payloads) this.#payloads.set(id, payload);
    for (const id of deleted) this.#deleted.add(id);
    this.#cursor = cursor;
  }

  /** Change ids are never used twice, whatever was restored or lost meanwhile. */
  #numbered(device: JsonDevice): JsonDevice {
    this.#numbers += NUMBERS;
    device.pushed = this.#numbers;
    return device;
  }

  #answered({device, push}: Pending, result: PushResult | undefined): void {
    // The node did not take it now: it stays where it is.
    if (result === undefined || passing.has(result.error?.code ?? '')) return;
    device.outbox = device.outbox.filter((other) => other !== push);
    device.sent.push(push);
    if (device.sent.length > SENT_KEPT_MAX) device.sent.shift();
  }

  #changeId({id}: Plot, {changeId}: JsonPush): string {
    return derivedUuid('nodes', id, this.person.deviceId, changeId);
  }

  #written({plot, push}: Pick<Pending, 'plot' | 'push'>): object {
    const {op, at, base, payload} = push;
    const text = (seq: number): string => this.#cursors.get(seq) ?? '';
    return {
      changeId: this.#changeId(plot, push),
      op,
      entity: plot.vocabulary.entity,
      entityId: plot.id,
      clientUpdatedAt: new Date(at).toISOString(),
      base:
        base.kind === 'by-field'
          ? Object.fromEntries(Object.entries(base.seqs).map(([field, seq]) => [field, text(seq)]))
          : text(base.kind === 'cursor' ? base.seq : 0),
      ...(op === 'delete' ? {} : {payload}),
    };
  }

  #take({entityId, payload, op, reason}: Awaited<ReturnType<Person['pull']>>['changes'][number]): void {
    if (reason === 'access') {
      this.#payloads.delete(entityId);
      this.#deleted.delete(entityId);
      this.devices.delete(entityId);
      return;
    }
    if (op === 'delete') this.#deleted.add(entityId);
    else this.#deleted.delete(entityId);
    // Of a deleted record it shows what it showed before.
    if (payload !== null || !this.#payloads.has(entityId))
      this.#payloads.set(entityId, (payload ?? {}) as JsonObject);
  }

  #refresh({id, vocabulary}: Plot, seq: number): void {
    const payload = this.#payloads.get(id);
    if (payload === undefined) return;
    const {deviceId} = this.person;
    const device =
      this.devices.get(id) ??
      this.#numbered(createJsonDevice({id: deviceId, employee: this.isEmployee, vocabulary}));
    this.devices.set(id, device);
    const value = (key: string): JsonValue => {
      if (key === DELETED_AT) return this.#deleted.has(id) ? 'deleted' : null;
      return valueAt(payload, key);
    };
    // What it was shown is the oracle's affair: that knows who wrote what at each position.
    pull(device, {seq, value, name: () => null});
  }
}

const copyOf = (device: JsonDevice): JsonDevice => ({
  ...device,
  views: new Map(
    [...device.views].map(([field, view]) => [
      field,
      {...view, shown: new Map(view.shown), values: new Map(view.values)},
    ]),
  ),
  outbox: [...device.outbox],
  sent: [...device.sent],
});

const SENT_KEPT_MAX = 20;
/** Changes that a device makes of one record before it needs another range of ids. */
const NUMBERS = 1_000_000;
/** Told of the server, not of the change. */
const passing: ReadonlySet<string> = new Set(['overloaded', 'not_ready', 'internal']);

/** By key as the merge names them: sets are arrays in JSON, and items arrays of objects with their id. */
function valueAt(payload: JsonObject, key: string): JsonValue {
  const [field = key, ...rest] = key.split('/');
  const value = payload[field] ?? null;
  if (rest.length === 0) return value;
  const entry = rest.join('/');
  if (!Array.isArray(value)) return null;
  for (const part of value as JsonValue[]) {
    if (part === entry) return true;
    if (part !== null && typeof part === 'object' && (part as JsonObject)['id'] === entry) {
      return Object.fromEntries(Object.entries(part as JsonObject).filter(([name]) => name !== 'id'));
    }
  }
  return null;
}
