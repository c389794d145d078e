// What the order of arrival may and may not change. Promised for fields whose rule is `latest`: if stamps are
// distinct, not clamped, and later than what the write had seen, the latest write wins whatever arrives first
// and whatever the client ids are.
import {resolve} from 'node:path';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {sendPackets, sendPush} from './exchange.ts';
import {loadCore} from './core.ts';
import {edit} from './editing.ts';
import {createHistory, createRandom, receive, receivePull, type AnyDevice, type History} from './history.ts';
import {pushEdit} from './json-device.ts';
import {begin, quiesce} from './operations.ts';
import {createCoreServer} from './server.ts';
import {vocabularies, type KeySpec} from './vocabulary.ts';

const core = await loadCore(resolve(import.meta.dirname, '../../crdt'));
const vocabulary = vocabularies[0]!;
const spec = vocabulary.keys.find(({key}) => key === 'priceMinor') as KeySpec;
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
const runs = Math.max(200, Number(process.env['MODEL_RUNS'] ?? 1_000) / 5);

/** Who writes, one after the other in real time; every write has a value of its own. */
interface Script {
  readonly devices: readonly ('plain' | 'keeping' | 'json')[];
  readonly skews: readonly number[];
  readonly writers: readonly number[];
}

const scripts: fc.Arbitrary<Script> = fc.record({
  devices: fc.array(fc.constantFrom('plain' as const, 'keeping' as const, 'json' as const), {
    minLength: 3,
    maxLength: 5,
  }),
  skews: fc.array(fc.integer({min: -86_400_000, max: 86_400_000}), {minLength: 6, maxLength: 6}),
  writers: fc.array(fc.nat(5), {minLength: 3, maxLength: 12}),
});

async function sendOne(history: History, device: AnyDevice): Promise<void> {
  if (device.kind === 'json') {
    const push = device.outbox.shift();
    if (push !== undefined) await sendPush(history, device, push);
  } else if (device.outbox.length > 0) {
    await sendPackets(history, device, {packets: device.outbox, isWhole: true});
    device.outbox = [];
  }
}

/** The value everyone shows after the script, with arrivals and client ids chosen by a seed. */
async function winnerOf(script: Script, arrivalSeed: number): Promise<unknown> {
  const server = createCoreServer({
    core,
    entity: 'tasks',
    recordId: '00000000-0000-4000-8000-000000000001',
    remembersChanges: true,
  });
  const cast = ['plain' as const, ...script.devices].map((kind) => ({kind, employee: false}));
  const history = createHistory({vocabulary, seed: arrivalSeed, devices: cast}, server);
  await begin(history);
  for (const [index, device] of history.devices.entries()) {
    device.skew = script.skews[index] ?? 0;
    device.offset = -device.skew;
  }
  const choose = createRandom(arrivalSeed);
  for (const [index, writer] of script.writers.entries()) {
    history.tick();
    const device = history.devices[writer % history.devices.length]!;
    const sample = {raw: 100 + index, normal: 100 + index};
    if (device.kind === 'json') {
      pushEdit(device, [{spec, sample}], {at: history.stamp(device), append: null});
    } else {
      edit(device, (session) => session.set(spec, sample, history.stamp(device)));
    }
    for (let arrivals = choose(3); arrivals > 0; arrivals--) {
      await sendOne(history, history.devices[choose(history.devices.length)]!);
    }
    await server.commit();
    const reader = history.devices[choose(history.devices.length)]!;
    if (reader.kind === 'json') await receivePull(history, reader);
    else await receive(history, reader);
  }
  await quiesce(history);
  return (await server.fields())[spec.field];
}

// I17 of docs/reliability.md.
it(
  'the latest of distinct, unclamped stamps wins in every order of arrival',
  {timeout: 120_000},
  async () => {
    console.log(`order: ${runs} scripts, MODEL_SEED=${seed}`);
    await fc.assert(
      fc.asyncProperty(scripts, fc.nat(2 ** 31), async (script, arrivalSeed) => {
        const latest = 100 + script.writers.length - 1;
        expect(await winnerOf(script, arrivalSeed)).toBe(latest);
        expect(await winnerOf(script, arrivalSeed + 1)).toBe(latest);
      }),
      {numRuns: runs, seed},
    );
  },
);
