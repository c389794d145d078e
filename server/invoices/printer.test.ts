// Printing in a thread: others have their turn meanwhile, and whatever happens to a document, the next one is printed.
import {expect, onTestFinished, test} from 'vitest';
import {sampleBill, sampleBills, sampleLine} from '#test/support/sample-bills.ts';
import {printDocument} from './pdf.ts';
import {createPrinter, type Printer} from './printer.ts';
import type {Bill} from './read-bill.ts';

const open = (options?: Parameters<typeof createPrinter>[0]): Printer => {
  const printer = createPrinter(options);
  onTestFinished(() => printer.close());
  return printer;
};

const long = sampleBill({
  fields: {
    lineItems: Array.from({length: 500}, (_, index) =>
      sampleLine(`Position ${index + 1}`, {taxRateBps: 1900}),
    ),
  },
});
const {german} = sampleBills as {german: Bill};
// A currency that nobody can write amounts in.
const unprintable = sampleBill({fields: {currency: 'XXXX'}});

/** How many turns of the event loop others had during `work`. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

test('while a long document is printed, others have their turn', async () => {
  const {print} = open();
  await print(german);
  expect(await turnsDuring(() => print(long))).toBeGreaterThan(100);
});

test('it prints the same as without a thread, several asked for at once too', async () => {
  const {print} = open();
  const [first, second] = await Promise.all([print(german), print(long)]);
  expect(Buffer.from(first).equals(await printDocument(german))).toBe(true);
  expect(Buffer.from(second).equals(await printDocument(long))).toBe(true);
});

test('one that cannot be printed is refused, and the next one printed', async () => {
  const {print} = open();
  const broken = print(unprintable);
  const next = print(german);
  await expect(broken).rejects.toMatchObject({code: 'internal'});
  expect((await next).length).toBeGreaterThan(1_000);
});

test('one that takes too long ends with its thread, and the next one gets a new thread', async () => {
  const {print} = open({printMsMax: 1});
  await expect(print(long)).rejects.toMatchObject({code: 'internal'});
  await expect(print(german)).rejects.toMatchObject({code: 'internal'});
  expect((await open().print(german)).length).toBeGreaterThan(1_000);
});

test('past the bound of those that wait, more are refused at once', async () => {
  const {print} = open({waitingMax: 1});
  const accepted = [print(german), print(german)];
  await expect(print(german)).rejects.toMatchObject({code: 'overloaded'});
  expect(await Promise.all(accepted)).toHaveLength(2);
});

test('closed, it refuses what waits', async () => {
  const {print, close} = createPrinter();
  const outcomes = Promise.allSettled([print(german), print(german)]);
  await close();
  expect((await outcomes).map(({status}) => status)).toEqual(['rejected', 'rejected']);
  await expect(print(german)).rejects.toMatchObject({code: 'overloaded'});
});
