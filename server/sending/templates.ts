// What messages say, by language. Each template is a function of the same parts; a language that has none is answered
// in English. WhatsApp sends its own template as approved there: the text here is how that one reads.
import type {ChannelName} from '#crdt/protocol/deliveries.ts';

export interface MessageParts {
  readonly clientName: string;
  /** Of the invoice. */
  readonly number: string;
  /** With its currency, in the form of the language. */
  readonly total: string;
  /** In the form of the language; null if the invoice has none. */
  readonly dueDate: string | null;
  readonly businessName: string;
  /** To the PDF; SMS only. */
  readonly link: string;
}

interface Template {
  readonly subject: (parts: MessageParts) => string;
  readonly email: (parts: MessageParts) => string;
  readonly whatsapp: (parts: MessageParts) => string;
  readonly sms: (parts: MessageParts) => string;
}

const en: Template = {
  subject: ({number, businessName}) => `Invoice ${number} from ${businessName}`,
  email: ({clientName, number, total, dueDate, businessName}) =>
    `Hello ${clientName},\n\nattached is invoice ${number} for ${total}.` +
    `${dueDate === null ? '' : ` It is due on ${dueDate}.`}\n\nThank you.\n${businessName}\n`,
  whatsapp: ({clientName, number, total, businessName}) =>
    `Hello ${clientName}, here is your invoice ${number} for ${total} from ${businessName}. The document is attached. Thank you.`,
  sms: ({number, total, businessName, link}) => `${businessName}: invoice ${number} for ${total}: ${link}`,
};

const de: Template = {
  subject: ({number, businessName}) => `Rechnung ${number} von ${businessName}`,
  email: ({clientName, number, total, dueDate, businessName}) =>
    `Guten Tag ${clientName},\n\nanbei erhalten Sie die Rechnung ${number} über ${total}.` +
    `${dueDate === null ? '' : ` Sie ist bis zum ${dueDate} zu zahlen.`}\n\nVielen Dank.\n${businessName}\n`,
  whatsapp: ({clientName, number, total, businessName}) =>
    `Guten Tag ${clientName}, hier ist Ihre Rechnung ${number} über ${total} von ${businessName}. Das Dokument liegt bei. Vielen Dank.`,
  sms: ({number, total, businessName, link}) => `${businessName}: Rechnung ${number} über ${total}: ${link}`,
};

const es: Template = {
  subject: ({number, businessName}) => `Factura ${number} de ${businessName}`,
  email: ({clientName, number, total, dueDate, businessName}) =>
    `Hola, ${clientName}:\n\nAdjuntamos la factura ${number} por ${total}.` +
    `${dueDate === null ? '' : ` Vence el ${dueDate}.`}\n\nGracias.\n${businessName}\n`,
  whatsapp: ({clientName, number, total, businessName}) =>
    `Hola, ${clientName}: aquí tiene la factura ${number} por ${total} de ${businessName}. El documento va adjunto. Gracias.`,
  sms: ({number, total, businessName, link}) => `${businessName}: factura ${number} por ${total}: ${link}`,
};

const fr: Template = {
  subject: ({number, businessName}) => `Facture ${number} de ${businessName}`,
  email: ({clientName, number, total, dueDate, businessName}) =>
    `Bonjour ${clientName},\n\nVeuillez trouver ci-jointe la facture ${number} d’un montant de ${total}.` +
    `${dueDate === null ? '' : ` Elle est à régler avant le ${dueDate}.`}\n\nMerci.\n${businessName}\n`,
  whatsapp: ({clientName, number, total, businessName}) =>
    `Bonjour ${clientName}, voici la facture ${number} d’un montant de ${total} de la part de ${businessName}. Le document est joint. Merci.`,
  sms: ({number, total, businessName, link}) => `${businessName} : facture ${number} de ${total} : ${link}`,
};

const templates = {en, de, es, fr};
export type TemplateLanguage = keyof typeof templates;

/** By the language alone: `de-AT` is answered in `de`. */
export function templateLanguage(language: string | null | undefined): TemplateLanguage {
  const [base = ''] = (language ?? '').toLowerCase().split('-', 1);
  return Object.hasOwn(templates, base) ? (base as TemplateLanguage) : 'en';
}

/** A line break in a name must not end a header. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

export function renderMessage(
  channel: ChannelName,
  language: TemplateLanguage,
  parts: MessageParts,
): {subject: string | null; text: string} {
  const template = templates[language];
  return {
    subject: channel === 'email' ? oneLine(template.subject(parts)) : null,
    text: template[channel](parts),
  };
}
