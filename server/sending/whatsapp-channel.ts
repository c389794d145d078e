// WhatsApp Cloud API: the PDF is uploaded, then an approved template with a document header is sent. Invoices fall
// outside of the 24 hours after a client wrote, so nothing but a template gets through.
import {z} from 'zod';
import type {Channel, OutgoingMessage, SendOutcome} from './channel.ts';
import {askProvider, type ProviderAnswer} from './provider-request.ts';

export interface WhatsappSettings {
  readonly apiUrl: string;
  /** Such as `v23.0`. */
  readonly apiVersion: string;
  readonly token: string;
  readonly phoneNumberId: string;
  /** Name of the approved template. */
  readonly template: string;
}

const uploaded = z.object({id: z.string().min(1)});
const accepted = z.object({messages: z.array(z.object({id: z.string().min(1)})).min(1)});
const refused = z.object({error: z.object({code: z.int()})});

export function createWhatsappChannel(settings: WhatsappSettings, timeoutMs?: number): Channel {
  const base = `${settings.apiUrl.replace(/\/$/, '')}/${settings.apiVersion}/${settings.phoneNumberId}`;
  const authorization = `Bearer ${settings.token}`;
  return {
    async send(message) {
      const upload = await askProvider(
        `${base}/media`,
        {method: 'POST', headers: {authorization}, body: mediaForm(message)},
        timeoutMs,
      );
      const media = read(uploaded, upload);
      // Nobody has been sent anything yet, so there is no doubt about it.
      if (media === undefined) return failureOf(upload, 'retry');
      const answer = await askProvider(
        `${base}/messages`,
        {
          method: 'POST',
          headers: {authorization, 'content-type': 'application/json'},
          body: JSON.stringify(templateMessage(settings, message, media.id)),
        },
        timeoutMs,
      );
      const providerId = read(accepted, answer)?.messages[0]?.id;
      return providerId === undefined ? failureOf(answer, 'unknown') : {kind: 'sent', providerId};
    },
  };
}

function mediaForm({document}: OutgoingMessage): FormData {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', 'application/pdf');
  form.set('file', new Blob([Uint8Array.from(document.bytes)], {type: 'application/pdf'}), document.fileName);
  return form;
}

/** Meta refuses line breaks, tabs and runs of spaces in a parameter, and an empty one. */
const text = (value: string) => ({type: 'text', text: value.replace(/\s+/g, ' ').trim() || '-'});

const templateMessage = (
  {template}: WhatsappSettings,
  {deliveryId, to, document, parts}: OutgoingMessage,
  mediaId: string,
) => ({
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: to.replace(/^\+/, ''),
  // Comes back with every status, so that one is recognised even where the answer to this never came.
  biz_opaque_callback_data: deliveryId,
  type: 'template',
  template: {
    name: template,
    language: {code: parts.language},
    components: [
      {
        type: 'header',
        parameters: [{type: 'document', document: {id: mediaId, filename: document.fileName}}],
      },
      {
        type: 'body',
        parameters: [text(parts.clientName), text(parts.number), text(parts.total), text(parts.businessName)],
      },
    ],
  },
});

function read<Schema extends z.ZodType>(
  schema: Schema,
  answer: ProviderAnswer,
): z.output<Schema> | undefined {
  if (answer.kind !== 'answer' || answer.status >= 300) return undefined;
  const result = schema.safeParse(answer.body);
  return result.success ? result.data : undefined;
}

/** Of rates, of one recipient's rate, of an overloaded service, and of nothing in particular. */
const RETRY = new Set([130429, 131056, 131016, 131000]);
const TOKEN_INVALID = 190;

/** silence: what no answer means, or one that says nothing of whether it was taken. */
function failureOf(answer: ProviderAnswer, silence: 'retry' | 'unknown'): SendOutcome {
  if (answer.kind === 'silence')
    return {kind: answer.isBefore ? 'retry' : silence, code: 'whatsapp_no_answer'};
  const error = refused.safeParse(answer.body);
  const code = error.success ? error.data.error.code : undefined;
  const name = `whatsapp_${code ?? answer.status}`;
  if (code === TOKEN_INVALID) return {kind: 'parked', code: name};
  if (code !== undefined && RETRY.has(code)) return {kind: 'retry', code: name};
  if (answer.status >= 500) return {kind: 'retry', code: name};
  if (answer.status < 300) return {kind: silence, code: 'whatsapp_odd_answer'};
  return answer.status === 429 ? {kind: 'retry', code: name} : {kind: 'refused', code: name};
}
