// What is printed beside the record's own values, by language.

const names = [
  'invoice',
  'creditNote',
  'draft',
  'void',
  'number',
  'issueDate',
  'dueDate',
  'forInvoice',
  'billTo',
  'taxId',
  'description',
  'quantity',
  'unitPrice',
  'discount',
  'tax',
  'amount',
  'subtotal',
  'total',
  'taxIncluded',
  'page',
] as const;

export type Word = (typeof names)[number];
/** `page` holds {page} and {pages}. */
export type Words = Readonly<Record<Word, string>>;

/** In the order of `names`. */
const byLanguage: Readonly<Record<string, string>> = {
  en: 'Invoice|Credit note|DRAFT|VOID|Number|Issue date|Due date|For invoice|Bill to|Tax ID|Description|Quantity|Unit price|Discount|Tax|Amount|Subtotal|Total|Prices include tax|Page {page} of {pages}',
  de: 'Rechnung|Gutschrift|ENTWURF|STORNIERT|Nummer|Datum|Fällig am|Zu Rechnung|Rechnung an|USt-IdNr.|Beschreibung|Menge|Einzelpreis|Rabatt|USt.|Betrag|Zwischensumme|Gesamtbetrag|Preise enthalten die Steuer|Seite {page} von {pages}',
  fr: 'Facture|Avoir|BROUILLON|ANNULÉE|Numéro|Date|Échéance|Sur la facture|Facturé à|N° de TVA|Description|Quantité|Prix unitaire|Remise|TVA|Montant|Sous-total|Total|Prix taxes comprises|Page {page} sur {pages}',
  es: 'Factura|Nota de crédito|BORRADOR|ANULADA|Número|Fecha|Vencimiento|De la factura|Facturar a|NIF|Descripción|Cantidad|Precio unitario|Descuento|Impuesto|Importe|Subtotal|Total|Precios con impuestos incluidos|Página {page} de {pages}',
  it: 'Fattura|Nota di credito|BOZZA|ANNULLATA|Numero|Data|Scadenza|Per la fattura|Intestata a|Partita IVA|Descrizione|Quantità|Prezzo unitario|Sconto|IVA|Importo|Imponibile|Totale|Prezzi IVA inclusa|Pagina {page} di {pages}',
  pt: 'Fatura|Nota de crédito|RASCUNHO|ANULADA|Número|Data|Vencimento|Da fatura|Faturar a|NIF|Descrição|Quantidade|Preço unitário|Desconto|Imposto|Valor|Subtotal|Total|Preços com imposto incluído|Página {page} de {pages}',
  nl: 'Factuur|Creditnota|CONCEPT|VERVALLEN|Nummer|Datum|Vervaldatum|Bij factuur|Factuur aan|Btw-nummer|Omschrijving|Aantal|Prijs|Korting|Btw|Bedrag|Subtotaal|Totaal|Prijzen inclusief btw|Pagina {page} van {pages}',
  pl: 'Faktura|Faktura korygująca|SZKIC|ANULOWANA|Numer|Data wystawienia|Termin płatności|Do faktury|Nabywca|NIP|Opis|Ilość|Cena jedn.|Rabat|VAT|Kwota|Razem netto|Razem|Ceny zawierają podatek|Strona {page} z {pages}',
  tr: 'Fatura|İade faturası|TASLAK|İPTAL|Numara|Düzenleme tarihi|Son ödeme tarihi|İlgili fatura|Alıcı|Vergi no.|Açıklama|Miktar|Birim fiyat|İndirim|Vergi|Tutar|Ara toplam|Toplam|Fiyatlara vergi dahildir|Sayfa {page} / {pages}',
  ru: 'Счёт|Кредит-нота|ЧЕРНОВИК|АННУЛИРОВАН|Номер|Дата|Оплатить до|К счёту|Плательщик|ИНН|Описание|Количество|Цена|Скидка|Налог|Сумма|Подытог|Итого|Цены включают налог|Страница {page} из {pages}',
  uk: 'Рахунок|Кредит-нота|ЧЕРНЕТКА|АНУЛЬОВАНО|Номер|Дата|Сплатити до|До рахунку|Платник|ІПН|Опис|Кількість|Ціна|Знижка|Податок|Сума|Проміжний підсумок|Разом|Ціни включають податок|Сторінка {page} з {pages}',
  el: 'Τιμολόγιο|Πιστωτικό τιμολόγιο|ΠΡΟΣΧΕΔΙΟ|ΑΚΥΡΟ|Αριθμός|Ημερομηνία|Πληρωτέο έως|Για το τιμολόγιο|Προς|ΑΦΜ|Περιγραφή|Ποσότητα|Τιμή μονάδας|Έκπτωση|ΦΠΑ|Ποσό|Μερικό σύνολο|Σύνολο|Οι τιμές περιλαμβάνουν φόρο|Σελίδα {page} από {pages}',
  ar: 'فاتورة|إشعار دائن|مسودة|ملغاة|الرقم|تاريخ الإصدار|تاريخ الاستحقاق|عن الفاتورة|فاتورة إلى|الرقم الضريبي|الوصف|الكمية|سعر الوحدة|الخصم|الضريبة|المبلغ|المجموع الفرعي|الإجمالي|الأسعار شاملة الضريبة|صفحة {page} من {pages}',
  he: 'חשבונית|חשבונית זיכוי|טיוטה|מבוטלת|מספר|תאריך|לתשלום עד|עבור חשבונית|לכבוד|מספר עוסק|תיאור|כמות|מחיר יחידה|הנחה|מס|סכום|סכום ביניים|סך הכול|המחירים כוללים מס|עמוד {page} מתוך {pages}',
  ja: '請求書|返金通知書|下書き|無効|番号|発行日|支払期限|対象請求書|請求先|登録番号|内容|数量|単価|割引|税|金額|小計|合計|価格は税込みです|{page} / {pages} ページ',
  zh: '发票|贷项通知单|草稿|作废|编号|开票日期|到期日|对应发票|客户|税号|说明|数量|单价|折扣|税|金额|小计|合计|价格含税|第 {page} 页，共 {pages} 页',
  ko: '청구서|대변표|초안|무효|번호|발행일|지급 기한|관련 청구서|청구 대상|사업자 번호|설명|수량|단가|할인|세금|금액|소계|합계|가격에 세금 포함|{page} / {pages} 페이지',
};

export const wordLanguages: readonly string[] = Object.keys(byLanguage);

/** language: BCP 47. English for one that is not here. */
export function wordsOf(language: string): Words {
  const texts = (byLanguage[language.split('-', 1)[0]?.toLowerCase() ?? ''] ?? byLanguage.en ?? '').split(
    '|',
  );
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ''])) as Record<Word, string>;
}
