// Between documents and a stage: requests say what is true there, answers what documents say. Whatever differs from run
// to run gets one name, so that an answer can be compared with the one that was written down.
import {SOME_CURSOR} from './names.ts';
import type {Stage} from './stage.ts';

const DAY_MS = 24 * 60 * 60_000;
const NOW = '2026-03-02T09:00:00.000Z';
const SOON = '2026-03-16T09:00:00.000Z';

const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const instantPattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const cursorPattern = /c1(?:\.[0-9a-z]+){3}/g;
/** Of a list in order of making: when, and which. */
const placePattern = /p1\.[0-9a-z]+\./g;
/** Of a signed URL: until when, and the signature. */
const signedPattern = /expires=\d+&signature=[\w-]+/g;
const DOCUMENTED = '00000000-0000-4000-8000-';

/** As the stage understands it. */
export function toActual<Value>(value: Value, {actual}: Pick<Stage, 'actual'>): Value {
  let text = JSON.stringify(value);
  for (const [documented, real] of actual) text = text.replaceAll(documented, real);
  return JSON.parse(text) as Value;
}

/** As documents say it. Ids that they do not name are numbered as they come. */
export function toDocumented(value: unknown, {actual}: Pick<Stage, 'actual'>): unknown {
  let text = JSON.stringify(value);
  for (const [documented, real] of actual) text = text.replaceAll(real, documented);
  const numbers = new Map<string, number>();
  text = text
    .replace(uuidPattern, (id) => {
      if (id.startsWith(DOCUMENTED)) return id;
      if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
      return `${DOCUMENTED}0000000f${String(numbers.get(id)).padStart(4, '0')}`;
    })
    .replace(instantPattern, documentedInstant)
    .replace(cursorPattern, SOME_CURSOR)
    .replace(placePattern, 'p1.mm8x2yo0.')
    .replaceAll('http://test/', 'https://api.example.com/')
    .replace(signedPattern, 'expires=1772442600000&signature=pCq0r1v6Yk2m9Zs4xT8wQA');
  return withoutChance(JSON.parse(text));
}

/** Examples tell of a day in March; what the server says of today is told as of that day. */
function documentedInstant(text: string): string {
  const ahead = Date.parse(text) - Date.now();
  if (Math.abs(ahead) < DAY_MS) return NOW;
  return ahead > 0 ? SOON : text;
}

/** Members whose value is made by chance, or says how the server was used before. */
const byChance: Readonly<Record<string, unknown>> = {
  writeId: '7:1',
  code: 'ABCD-EFGH-IJKL-MNOP-QRST-UV23',
  update: 'AAA=',
};

function withoutChance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChance);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === 'string' && isByChance(name, inner) ? byChance[name] : withoutChance(inner),
    ]),
  );
}

/** Codes of errors are words. */
const isByChance = (name: string, text: string): boolean =>
  Object.hasOwn(byChance, name) && !/^[a-z_]+$/.test(text);
