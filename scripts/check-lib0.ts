// lib0 before 0.2.118 reads past the end of its input into other requests' memory; a second copy would bring
// it back unnoticed.
import {readFileSync} from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, {version?: string}>;
};
const copies = Object.entries(lock.packages).filter(([path]) => /(^|\/)node_modules\/lib0$/.test(path));
const [copy] = copies;
const version = copy?.[1].version ?? '0.0.0';
const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
const isNewEnough = major > 0 || minor > 2 || (minor === 2 && patch >= 118);
if (copies.length !== 1 || !isNewEnough) {
  console.error(
    `Expected one lib0 of at least 0.2.118, found: ${copies.map(([path, {version: found = '?'}]) => `${path} ${found}`).join(', ')}`,
  );
  process.exit(1);
}
console.log(`lib0 ${version}, one copy`);
