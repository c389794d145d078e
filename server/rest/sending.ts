// Invoices on their way to clients: sending, what became of each message, and what was written here instead of being
// sent. Managers only, but for the link in an SMS.
import {z} from 'zod';
import {
  deliveriesResponse,
  delivery,
  messagePreview,
  outboxQuery,
  outboxResponse,
  previewQuery,
  sendRequest,
  sendResponse,
} from '#crdt/protocol/deliveries.ts';
import {recordId} from '#crdt/protocol/ids.ts';
import {createHeaders} from '#crdt/protocol/records.ts';
import {printDocument} from '../invoices/pdf.ts';
import {
  listDeliveries,
  listOutbox,
  previewMessage,
  readOutboxDocument,
  retryDelivery,
} from '../sending/delivery-list.ts';
import {openLink} from '../sending/document-link.ts';
import {sendInvoice} from '../sending/send-invoice.ts';
import {pdfResponse} from './pdf-response.ts';
import {memberRoute, openRoute, type RouteDeps} from './route.ts';

const params = z.object({id: recordId});

export function mountSending(deps: RouteDeps): void {
  const {print = printDocument} = deps;
  const sending = {...deps.service, onQueued: deps.sending?.onQueued};
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/invoices/{id}/send',
      summary: 'Sends an issued invoice by the channels named.',
      params,
      headers: createHeaders,
      body: sendRequest,
      answer: sendResponse,
      status: 202,
      description:
        'One entry per channel: its delivery, or why it does not go that way; one channel never holds up another. The ' +
        'invoice becomes `sent` in the commit that stores its messages. Sent again, from any device, for what the ' +
        'invoice says now and to the same address, it is the same message; so it is under the same `Idempotency-Key`. ' +
        'WhatsApp and SMS want consent; e-mail goes unless the client said no.',
      errors: ['forbidden', 'not_found', 'not_issued', 'overloaded'],
    },
    (member, {params: {id}, headers, body}) =>
      sendInvoice(sending, member, {id, channels: body.channels, key: headers['idempotency-key']}),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/invoices/{id}/deliveries',
      summary: 'Its messages, and what became of each.',
      params,
      answer: deliveriesResponse,
      errors: ['forbidden', 'not_found'],
    },
    (member, {params: {id}}) => listDeliveries(sending, member, id),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/invoices/{id}/preview',
      summary: 'What a message with it says.',
      params,
      query: previewQuery,
      answer: messagePreview,
      errors: ['forbidden', 'not_found'],
    },
    (member, {params: {id}, query: {channel, language}}) =>
      previewMessage(sending, member, {id, channel, language}),
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/deliveries/{id}/retry',
      summary: 'Tries one again that was given up.',
      params,
      answer: delivery,
      description:
        'One that is `dead`, `failed` or `unknown`, to the same address. Of an unknown e-mail or WhatsApp message the ' +
        'client may get two; an SMS is looked up first.',
      errors: ['forbidden', 'not_found', 'not_retryable'],
    },
    (member, {params: {id}}) => retryDelivery(sending, member, id),
  );
  mountOutbox(deps);
  openRoute(
    deps,
    {
      method: 'get',
      path: '/v1/i/{token}',
      summary: 'The PDF that the link in an SMS leads to.',
      params: z.object({token: z.string().max(64)}),
      answer: z.string(),
      answerType: 'application/pdf',
      errors: ['link_expired', 'overloaded'],
    },
    async ({params: {token}}) => pdfResponse(await openLink({...deps.service, print}, token)),
  );
}

function mountOutbox(deps: RouteDeps): void {
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/outbox',
      summary:
        'Messages that were written here instead of being sent, because their channel has no provider.',
      query: outboxQuery,
      answer: outboxResponse,
      errors: ['forbidden', 'bad_cursor'],
    },
    (member, {query}) => listOutbox(service, member, query),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/outbox/{id}/document',
      summary: 'The PDF of one of them.',
      params,
      answer: z.string(),
      answerType: 'application/pdf',
      errors: ['forbidden', 'not_found'],
    },
    async (member, {params: {id}}) => pdfResponse(await readOutboxDocument(service, member, id)),
  );
}
