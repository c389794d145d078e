// Bills in several scripts and currencies, to be printed.
import type {JsonObject} from '#crdt/json.ts';
import type {Bill} from '#server/invoices/read-bill.ts';

interface Sample {
  readonly client?: JsonObject;
  readonly fields?: JsonObject;
  readonly seller?: string;
  readonly status?: string;
}

export const sampleLine = (description: string, more: JsonObject = {}): JsonObject => ({
  description,
  quantityMilli: 1000,
  unitPriceMinor: 9900,
  ...more,
});

export const sampleBill = ({
  client = {},
  fields = {},
  seller = 'Example Services',
  status = 'issued',
}: Sample): Bill => ({
  id: '00000000-0000-4000-8000-000000000001',
  seq: 1,
  status,
  relatedNumber: null,
  sellerName: seller,
  client: {displayName: 'Ana Example', language: 'en', ...client},
  fields: {
    kind: 'invoice',
    ...(status === 'draft' ? {} : {number: 'INV-2026-00042'}),
    currency: 'EUR',
    issueDate: '2026-03-01',
    dueDate: '2026-03-15',
    lineItems: [sampleLine('Repair of the heating pump', {taxRateBps: 1900})],
    ...fields,
  },
});

const address = {line1: 'Beispielweg 5', postalCode: '10115', city: 'Berlin', country: 'DE'};

/** By what they show. */
export const sampleBills: Readonly<Record<string, Bill>> = {
  german: sampleBill({
    seller: 'Müller & Söhne Haustechnik',
    client: {
      displayName: 'Café Größenwahn GmbH',
      contactName: 'Łukasz Żółć',
      language: 'de-DE',
      taxId: 'DE123456789',
      billingAddress: address,
    },
    fields: {
      lineItems: [
        sampleLine(
          'Reparatur der Heizungspumpe, einschließlich Anfahrt, Dichtungen und Entlüftung aller Heizkörper im Altbau',
          {taxRateBps: 1900, quantityMilli: 1500, discountBps: 1250},
        ),
        sampleLine('Fachbuch', {taxRateBps: 700, unitPriceMinor: 4999}),
        sampleLine('Gutschein', {unitPriceMinor: -1000}),
      ],
      publicNotes: 'Vielen Dank für Ihren Auftrag.\nBitte überweisen Sie auf DE00 0000 0000 0000 0000 00.',
    },
  }),
  greek: sampleBill({client: {displayName: 'Ελένη Παπαδοπούλου', language: 'el'}}),
  russian: sampleBill({
    client: {displayName: 'Иван Петров', language: 'ru'},
    fields: {currency: 'RUB', taxMode: 'inclusive'},
  }),
  arabic: sampleBill({
    seller: 'شركة المثال (للخدمات)',
    client: {
      displayName: 'محمد أحمد',
      language: 'ar',
      billingAddress: {line1: 'شارع الملك فهد 12', city: 'الكويت', country: 'KW'},
    },
    fields: {
      currency: 'KWD',
      lineItems: [
        sampleLine('إصلاح مضخة التدفئة (نوع B-12) في الطابق 3', {taxRateBps: 500, unitPriceMinor: 12_345}),
      ],
      publicNotes: 'شكرا لكم على ثقتكم.',
    },
  }),
  hebrew: sampleBill({
    client: {displayName: 'ישראל ישראלי', language: 'he'},
    fields: {currency: 'ILS', lineItems: [sampleLine('תיקון משאבה (דגם X200)', {taxRateBps: 1700})]},
  }),
  japanese: sampleBill({
    seller: '株式会社サンプル',
    client: {
      displayName: '山田太郎',
      language: 'ja',
      billingAddress: {line1: '千代田1-1', city: '東京', postalCode: '100-0001', country: 'JP'},
    },
    fields: {
      currency: 'JPY',
      lineItems: [
        sampleLine('暖房ポンプの修理および部品交換、出張費を含みます。', {
          taxRateBps: 1000,
          unitPriceMinor: 19_800,
        }),
      ],
    },
  }),
  chinese: sampleBill({
    client: {displayName: '王小明', language: 'zh-CN'},
    fields: {currency: 'CNY', lineItems: [sampleLine('维修暖气水泵', {taxRateBps: 1300})]},
  }),
  korean: sampleBill({
    client: {displayName: '홍길동', language: 'ko'},
    fields: {currency: 'KRW', lineItems: [sampleLine('난방 펌프 수리', {taxRateBps: 1000})]},
  }),
  long: sampleBill({
    fields: {
      lineItems: Array.from({length: 200}, (_, index) =>
        sampleLine(`Position ${index + 1}`, {taxRateBps: 1900}),
      ),
    },
  }),
  draft: sampleBill({status: 'draft', fields: {lineItems: [], amountMinor: 12_345}}),
  void: sampleBill({status: 'void', fields: {kind: 'credit_note', number: 'CN-2026-00007'}}),
};
