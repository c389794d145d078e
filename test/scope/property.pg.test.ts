// After random changes by several members over both paths, every employee's devices hold exactly what the rows say
// they are to see: live ones, ones that were away, and ones that only pull.
import {afterAll, beforeAll, expect, test} from 'vitest';
import * as Y from 'yjs';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import type {LiveDevice} from '../support/live-device.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {randomFrom, type Random} from '../support/random.ts';
import {createWorld, type Person, type World} from '../support/world.ts';
import {expectedScope} from './expected-scope.ts';
import {createStaff, type Employee, type Staff} from './staff.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const RUNS = Number(process.env['SCOPE_RUNS'] ?? 3);
const STEPS = 150;

// I21 of docs/reliability.md.
test.each(Array.from({length: RUNS}, (_, run) => SEED + run))(
  'devices hold what their member is to see, no more and no less (SEED=%i)',
  {timeout: 120_000},
  async (seed) => {
    const random = randomFrom(seed);
    const live = await startLive(world, {start: startWsTransport});
    const staff = await createStaff(world, random);
    const devices = await Promise.all(staff.employees.map((employee) => Holder.open(live, employee)));
    for (let step = 0; step < STEPS; step++) {
      await randomChange(staff, random, devices);
      if (random.chance(0.1)) await random.pick(devices).comeOrGo();
      if (random.chance(0.2)) await random.pick(devices).pull();
    }
    const marker = await staff.makeMarker();
    for (const device of devices) await device.settle(marker);
    for (const device of devices) {
      const expected = await expectedScope(world.database.owner, device.employee);
      expect(device.liveNames(), `live device of ${device.employee.userId}`).toEqual(expected);
      expect(device.pulledNames(), `pulls of ${device.employee.userId}`).toEqual(expected);
      expect(await contentOf(device.employee.person)).toEqual(
        await contentOf(staff.managers[0]!, new Set(expected)),
      );
      await device.expectContent();
    }
    expect((await verifyDatabase(world.service)).faults).toEqual([]);
  },
);

async function randomChange(staff: Staff, random: Random, devices: readonly Holder[]): Promise<void> {
  if (random.chance(0.7)) {
    // Two managers at once now and then.
    await Promise.all([staff.byManager(random), ...(random.chance(0.3) ? [staff.byManager(random)] : [])]);
    return;
  }
  const device = random.pick(devices);
  if (random.chance(0.5)) await staff.byEmployee(random, device.employee);
  else device.edit(random);
}

/** Every record of a member's feed, read from its beginning, as JSON by name; only those of `names` if given. */
async function contentOf(person: Person, names?: ReadonlySet<string>): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  for (let since = '', more = true; more;) {
    const page = await person.pull(`encoding=yjs&limit=100${since === '' ? '' : `&since=${since}`}`);
    for (const {op, entity, entityId, payload, reason} of page.changes) {
      const name = `${entity}/${entityId}`;
      if (reason === 'access' || names?.has(name) === false) continue;
      content[name] = {op, payload};
    }
    since = page.nextCursor;
    more = page.hasMore;
  }
  return content;
}

/** One employee's two devices: one that is connected now and then, and one that only pulls. */
class Holder {
  readonly employee: Employee;
  readonly #live: LiveServer;
  readonly #pulled = new Set<string>();
  #device: LiveDevice;
  #since = '';

  static async open(live: LiveServer, employee: Employee): Promise<Holder> {
    return new Holder(live, employee, await live.connect(employee.person));
  }

  constructor(live: LiveServer, employee: Employee, device: LiveDevice) {
    this.#live = live;
    this.employee = employee;
    this.#device = device;
  }

  liveNames(): string[] {
    return [...this.#device.records.keys()].sort();
  }

  pulledNames(): string[] {
    return [...this.#pulled].sort();
  }

  async comeOrGo(): Promise<void> {
    if (this.#device.closed === null) {
      this.#device.close();
      await this.#device.ended();
    } else {
      const {cursor, records, holes} = this.#device;
      expect(holes).toBe(0);
      this.#device = await this.#live.connect(this.employee.person, {cursor, records});
    }
  }

  async pull(): Promise<void> {
    const page = await this.employee.person.pull(
      `limit=20${this.#since === '' ? '' : `&since=${this.#since}`}`,
    );
    for (const {entity, entityId, reason} of page.changes) {
      if (reason === 'access') this.#pulled.delete(`${entity}/${entityId}`);
      else this.#pulled.add(`${entity}/${entityId}`);
    }
    this.#since = page.nextCursor;
    if (page.hasMore) await this.pull();
  }

  /** Something of a task that its device holds now, whether or not it still may. */
  edit(random: Random): void {
    const tasks = this.#device.copies().filter(({entity}) => entity === 'tasks');
    if (tasks.length === 0 || this.#device.closed !== null) return;
    this.#device.write('tasks', random.pick(tasks).id, {
      status: random.pick(['in_progress', 'on_hold', 'completed']),
    });
  }

  /** Connected, and past everything that was committed: what is delivered in order ends with a team made last. */
  async settle(marker: string): Promise<void> {
    if (this.#device.closed !== null) await this.comeOrGo();
    await this.#device.until(() => this.#device.records.has(`teams/${marker}`));
    expect(this.#device.holes).toBe(0);
    await this.pull();
  }

  async expectContent(): Promise<void> {
    for (const {entity, id} of this.#device.copies()) {
      const item = await world.service.feed.readOne(this.employee.member, {entity, id});
      const copy = this.#device.copyOf(entity, id);
      expect(copy.generation, id).toBe(item?.generation);
      expect(Y.encodeStateVector(copy.doc), id).toEqual(Y.encodeStateVectorFromUpdate(item!.state));
    }
  }
}
