// The fonts that documents are set in, and which of them has a character. Noto Sans comes in files of a script each; the
// East Asian ones in a hundred slices each, of which a document embeds the few it needs.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {create, type Font} from 'fontkit';
import decompress from 'woff2-encoder/decompress';

export type Weight = 'regular' | 'bold';

export interface Face {
  /** Unique among faces. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Drawn with an outline of this width, in parts of the font size, to look like its weight; 0: as it is. */
  readonly outline: number;
  has(codePoint: number): boolean;
}

/** Answers the face for a character: `previous` if it has it, so that words stay together. Undefined: none has it. */
export type ChooseFace = (codePoint: number, weight: Weight, previous: Face | undefined) => Face | undefined;

type Asian = 'jp' | 'kr' | 'sc';

const {resolve} = createRequire(import.meta.url);
const weights = ['regular', 'bold'] as const;
const numericWeights: Readonly<Record<Weight, number>> = {regular: 400, bold: 700};

/** In order of preference. */
const scripts: readonly (readonly [family: string, subset: string])[] = [
  ['noto-sans', 'latin'],
  ['noto-sans', 'latin-ext'],
  ['noto-sans', 'vietnamese'],
  ['noto-sans', 'cyrillic'],
  ['noto-sans', 'cyrillic-ext'],
  ['noto-sans', 'greek'],
  ['noto-sans', 'greek-ext'],
  ['noto-sans', 'devanagari'],
  ['noto-sans-hebrew', 'hebrew'],
  ['noto-sans-arabic', 'arabic'],
];

// The slices hold the thinnest weight and how to make the others of it, which cannot be embedded.
const outlines: Readonly<Record<Weight, number>> = {regular: 0.022, bold: 0.055};

// Of some 200 KB each.
const SLICES_MAX = 64;
const slices = new Map<string, Promise<Readonly<Record<Weight, Face>>>>();
const sliceNames = new Map<Asian, Promise<ReadonlyMap<number, string>>>();
let scriptFaces: Promise<readonly Readonly<Record<Weight, Face>>[]> | undefined;

/** Loads what `texts` need. language: BCP 47; who reads Chinese, Japanese and Korean expects their own form of a sign. */
export async function loadFaces(texts: readonly string[], language: string): Promise<ChooseFace> {
  scriptFaces ??= Promise.all(scripts.map(loadScript));
  const ofScripts = await scriptFaces;
  const codePoints = new Set(texts.flatMap((text) => Array.from(text, (sign) => sign.codePointAt(0) ?? 0)));
  const missing = [...codePoints].filter((code) => !ofScripts.some(({regular}) => regular.has(code)));
  const asian = missing.length === 0 ? [] : await loadAsian(missing, preferred(texts.join(''), language));
  const faces = [...ofScripts, ...asian];
  return (codePoint, weight, previous) =>
    previous?.has(codePoint) === true
      ? previous
      : faces.find(({[weight]: face}) => face.has(codePoint))?.[weight];
}

function preferred(text: string, language: string): readonly Asian[] {
  if (language.startsWith('ja')) return ['jp', 'sc', 'kr'];
  if (language.startsWith('ko')) return ['kr', 'jp', 'sc'];
  if (language.startsWith('zh')) return ['sc', 'jp', 'kr'];
  if (/[\p{sc=Hiragana}\p{sc=Katakana}]/u.test(text)) return ['jp', 'sc', 'kr'];
  return /\p{sc=Hangul}/u.test(text) ? ['kr', 'jp', 'sc'] : ['sc', 'jp', 'kr'];
}

const fileOf = (family: string, subset: string, weight: Weight): string =>
  resolve(`@fontsource/${family}/files/${family}-${subset}-${numericWeights[weight]}-normal.woff`);

async function loadScript([family, subset]: (typeof scripts)[number]): Promise<
  Readonly<Record<Weight, Face>>
> {
  const [regular, bold] = await Promise.all(
    weights.map(async (weight) =>
      faceOf(`${family}-${subset}-${weight}`, await readFile(fileOf(family, subset, weight)), 0),
    ),
  );
  if (regular === undefined || bold === undefined) throw new Error('A face was not loaded.');
  return {regular, bold};
}

function faceOf(name: string, bytes: Buffer, outline: number): Face {
  const font = create(bytes) as Font;
  const codePoints = new Set(font.characterSet);
  return {name, bytes, outline, has: (codePoint) => codePoints.has(codePoint)};
}

/** Slices that have the characters, the family of each chosen in order. */
async function loadAsian(
  codePoints: readonly number[],
  families: readonly Asian[],
): Promise<Readonly<Record<Weight, Face>>[]> {
  const maps = await Promise.all(families.map(async (family) => ({family, names: await namesOf(family)})));
  const files = new Set<string>();
  for (const codePoint of codePoints) {
    const found = maps.find(({names}) => names.has(codePoint));
    if (found !== undefined) files.add(`${found.family}-${found.names.get(codePoint)}`);
  }
  return Promise.all([...files].sort(byFamily(families)).map(loadSlice));
}

const byFamily =
  (families: readonly string[]) =>
  (a: string, b: string): number =>
    families.indexOf(a.slice(0, 2)) - families.indexOf(b.slice(0, 2)) || (a < b ? -1 : 1);

/** Slice by code point. */
function namesOf(family: Asian): Promise<ReadonlyMap<number, string>> {
  const known = sliceNames.get(family);
  if (known !== undefined) return known;
  const names = readFile(resolve(`@fontsource-variable/noto-sans-${family}/unicode.json`), 'utf8').then(
    (text) => {
      const ranges = Object.entries(JSON.parse(text) as Record<string, string>);
      return new Map(
        ranges
          .filter(([name]) => name.startsWith('['))
          .flatMap(([name, list]) =>
            codePointsOf(list).map((code): [number, string] => [code, name.slice(1, -1)]),
          ),
      );
    },
  );
  sliceNames.set(family, names);
  return names;
}

/** `U+4E00-4E02,U+5000` as numbers. */
const codePointsOf = (ranges: string): number[] =>
  ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range
      .slice(2)
      .split('-')
      .map((hex) => Number.parseInt(hex, 16));
    return Array.from({length: last - first + 1}, (_, index) => first + index);
  });

/** name: such as `jp-12`. The slice unused longest is forgotten first. */
function loadSlice(name: string): Promise<Readonly<Record<Weight, Face>>> {
  const loaded = slices.get(name) ?? readSlice(name);
  slices.delete(name);
  slices.set(name, loaded);
  loaded.catch(() => slices.delete(name));
  for (const oldest of slices.keys()) {
    if (slices.size <= SLICES_MAX) break;
    slices.delete(oldest);
  }
  return loaded;
}

async function readSlice(name: string): Promise<Readonly<Record<Weight, Face>>> {
  const family = name.slice(0, 2);
  const path = resolve(`@fontsource-variable/noto-sans-${family}/files/noto-sans-${name}-wght-normal.woff2`);
  const bytes = Buffer.from(await decompress(await readFile(path)));
  const regular = faceOf(`${name}-regular`, bytes, outlines.regular);
  return {regular, bold: {...regular, name: `${name}-bold`, outline: outlines.bold}};
}
