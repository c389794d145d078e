import {describe, expect, test} from 'vitest';
import {readPdf, type ReadPage} from '#test/support/pdf-reader.ts';
import {sampleBill, sampleBills, sampleLine} from '#test/support/sample-bills.ts';
import {loadFaces} from './faces.ts';
import {page} from './pdf-sheet.ts';
import {printDocument} from './pdf.ts';
import {print} from './printed.ts';
import {wordLanguages, wordsOf} from './words.ts';

const sample = (name: string) => sampleBills[name]!;
const read = async (name: string): Promise<readonly ReadPage[]> => readPdf(await printDocument(sample(name)));
const textOf = async (name: string): Promise<string> => (await read(name)).map(({text}) => text).join('\n');

test.each([
  [
    'german',
    ['INV-2026-00042', 'Café Größenwahn GmbH', 'Łukasz Żółć', '10115 Berlin', 'Deutschland', '198,12 €'],
  ],
  [
    'german',
    ['01.03.2026', '15.03.2026', 'USt. 7 % (49,99 €) 3,50 €', 'USt. 19 % (129,94 €) 24,69 €', '12,5 %'],
  ],
  ['greek', ['Ελένη Παπαδοπούλου', 'Τιμολόγιο', '117,81 €']],
  ['russian', ['Иван Петров', 'Количество', 'Цены включают налог', '83,19 ₽', '15,81 ₽', '99,00 ₽']],
  ['arabic', ['12.345', '0.617', '12.962']],
  ['hebrew', ['ישראל ישראלי', '115.83 ₪']],
  ['japanese', ['請求書', '山田太郎', '暖房ポンプの修理および部品交換', '21,780']],
  ['chinese', ['王小明', '维修暖气水泵', '¥111.87']],
  ['korean', ['홍길동', '난방 펌프 수리', '₩10,890']],
  ['draft', ['DRAFT', '€123.45']],
  ['void', ['VOID', 'Credit note', 'CN-2026-00007']],
])('a reader finds the text of the %s sample', async (name, expected) => {
  const text = await textOf(name);
  for (const part of expected) expect(text).toContain(part);
});

test('a long list goes over pages, each with the head of the table and its number', async () => {
  const pages = await read('long');
  expect(pages.length).toBeGreaterThan(4);
  for (const [index, {text}] of pages.entries()) {
    expect(text).toContain('Description Quantity Unit price Tax Amount');
    expect(text).toContain(`Page ${index + 1} of ${pages.length}`);
  }
  const text = pages.map((each) => each.text).join('\n');
  for (let line = 1; line <= 200; line++) expect(text).toMatch(new RegExp(`^Position ${line} 1 €99.00`, 'm'));
  expect(pages.at(-1)!.text).toContain('€23,562.00');
});

test.each(Object.keys(sampleBills))('the %s sample keeps within its margins', async (name) => {
  for (const {pixels, width, height} of await read(name)) {
    let ink = 0;
    let outside = 0;
    const edge = page.margin - 2;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isInk = (pixels[(y * width + x) * 4] ?? 255) < 128;
        if (!isInk) continue;
        ink++;
        if (x < edge || x > width - edge || y < edge || y > height - edge) outside++;
      }
    }
    expect(ink).toBeGreaterThan(300);
    expect(outside).toBe(0);
  }
});

test.each(Object.keys(sampleBills))('some font has every character of the %s sample', async (name) => {
  const printed = print(sample(name));
  const texts = JSON.stringify(printed).replace(/[\p{Cf}\p{Zs}]/gu, '');
  const choose = await loadFaces([texts], printed.language);
  const missing = Array.from(texts).filter(
    (sign) => choose(sign.codePointAt(0)!, 'bold', undefined) === undefined,
  );
  expect(missing).toEqual([]);
});

test('the same bill gives the same bytes', async () => {
  const [first, second] = await Promise.all([
    printDocument(sample('arabic')),
    printDocument(sample('arabic')),
  ]);
  expect(Buffer.compare(first, second)).toBe(0);
});

test('words and notes of any length are broken, and what no font has is shown as such', async () => {
  const bill = sampleBill({
    client: {displayName: 'W'.repeat(200)},
    fields: {
      lineItems: [sampleLine(`${'x'.repeat(500)} 🔧`)],
      publicNotes: 'word '.repeat(800),
    },
  });
  const pages = await readPdf(await printDocument(bill));
  expect(pages.length).toBeGreaterThan(1);
  const text = pages.map((each) => each.text).join('');
  expect(text.match(/x/g)!.length).toBeGreaterThanOrEqual(500);
  expect(text.match(/word/g)).toHaveLength(800);
  expect(text).toContain('?');
});

describe('money', () => {
  test.each([
    ['JPY', 'en', 12_345, '¥12,345'],
    ['KWD', 'en', 12_345, 'KWD 12.345'],
    ['EUR', 'de', -5, '-0,05 €'],
    ['USD', 'en', Number.MAX_SAFE_INTEGER, '$90,071,992,547,409.91'],
    ['EUR', 'not a language', 100, '€1.00'],
  ])('%s in %s is written with its own digits', (currency, language, amountMinor, expected) => {
    const bill = sampleBill({client: {language}, fields: {lineItems: [], amountMinor, currency}});
    expect(print(bill).totals.at(-1)![1].replace(/\s/g, ' ')).toBe(expected);
  });
});

test('every language has every word', () => {
  for (const language of wordLanguages) {
    expect(Object.values(wordsOf(language)).filter((word) => word === '')).toEqual([]);
    expect(wordsOf(language).page).toMatch(/\{page\}.*\{pages\}/);
  }
});
