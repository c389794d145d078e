// Prints the table of docs/scaling.md: node --import ./load-typescript.js scripts/scaling/print.ts
import {assumptions, carry, measuredBytes, measuredMs, mostOnOne} from './carried.ts';

const DEVICES = [1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000];
const TERABYTE = 1e12;

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const rows = DEVICES.map((devices) => {
  const {editsPerSecond, cores, bytes, machines, bound} = carry(devices);
  const what = machines === 1 ? 'one Postgres' : `Citus, ${machines} workers (${bound})`;
  return `| ${whole(devices)} | ${whole(editsPerSecond)} | ${cores.toFixed(1)} | ${(bytes / TERABYTE).toFixed(2)} TB | ${what} |`;
});
console.log(
  `| Devices | Edits/s at the peak | Cores busy at the peak | On disk after ${assumptions.yearsKept} years | Carried by |`,
);
console.log('| --- | --- | --- | --- | --- |');
console.log(rows.join('\n'));
console.log(`\nOne Postgres carries up to ${whole(mostOnOne())} devices.`);
console.log(JSON.stringify({measuredBytes, measuredMs, assumptions}));
