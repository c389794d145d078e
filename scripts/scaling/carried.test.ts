import {expect, test} from 'vitest';
import {assumptions, carry, measuredBytes, measuredMs, mostOnOne} from './carried.ts';

const plain = {
  ...assumptions,
  editsPerDevicePerDay: 28_800,
  workingHours: 8,
  peakFactor: 1,
  shareSingle: 1,
  workFactor: 1,
  conflictsPerEdit: 0,
  recordsPerDevicePerYear: 0,
  bloatFactor: 1,
  daysPerYear: 1,
  yearsKept: 1,
};

test('a device that makes one edit a second costs what one edit costs', () => {
  const {editsPerSecond, cores, bytes} = carry(1, plain);
  expect(editsPerSecond).toBe(1);
  expect(cores).toBeCloseTo(measuredMs.single / 1_000);
  expect(bytes).toBe(28_800 * measuredBytes.change);
});

test('edits that commit in groups cost what those cost', () => {
  expect(carry(1, {...plain, shareSingle: 0}).cores).toBeCloseTo(measuredMs.grouped / 1_000);
});

test('one machine carries what it is said to carry, and one device more takes a cluster', () => {
  const most = mostOnOne();
  expect(carry(most).machines).toBe(1);
  expect(carry(most + 1).machines).toBeGreaterThan(1);
});

test('whatever runs out first asks for machines', () => {
  const {machine} = assumptions;
  expect(carry(1_000_000, {...assumptions, machine: {...machine, storageBytes: 1e18}}).bound).toBe('cpu');
  expect(carry(1_000_000, {...assumptions, machine: {...machine, cores: 1e6}}).bound).toBe('storage');
});

test('twice the devices take twice the machines, and no less', () => {
  const most = mostOnOne();
  expect(carry(most * 20).machines).toBeGreaterThanOrEqual(2 * carry(most * 10).machines - 1);
});
