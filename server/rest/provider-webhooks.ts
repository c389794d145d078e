// Where Meta and Twilio report what became of messages. Their signature is all that lets them in.
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {webhookAnswer} from '#crdt/protocol/webhooks.ts';
import {
  readTwilioReport,
  readWhatsappReports,
  takeReports,
  type ProviderReport,
} from '../sending/provider-reports.ts';
import {openRoute, signedErrors, signedRoute, type RouteDeps} from './route.ts';

export function mountProviderWebhooks(deps: RouteDeps): void {
  const {service, sending} = deps;
  const take = async (reports: readonly ProviderReport[]) => {
    const outcome = await takeReports(service, reports);
    if (outcome === 'taken') sending?.onReported?.();
    return {outcome};
  };
  openRoute(
    deps,
    {
      method: 'get',
      path: '/v1/webhooks/whatsapp',
      summary: 'Confirms this address to Meta: answers its challenge, if it knows the word.',
      query: z.object({
        'hub.mode': z.string().optional(),
        'hub.verify_token': z.string().optional(),
        'hub.challenge': z.string().max(256).optional(),
      }),
      answer: z.string(),
      answerType: 'text/plain',
      errors: ['not_found'],
    },
    ({query}) => {
      const word = sending?.whatsapp?.verifyToken;
      const isRight = query['hub.mode'] === 'subscribe' && query['hub.verify_token'] === word;
      if (word === undefined || !isRight) throw new SyncError('not_found');
      const headers = {'content-type': 'text/plain'};
      return Promise.resolve(new Response(query['hub.challenge'] ?? '', {headers}));
    },
  );
  signedRoute(
    deps,
    {
      method: 'post',
      path: '/v1/webhooks/whatsapp',
      summary: "Takes Meta's reports on WhatsApp messages.",
      description:
        'Signed by `X-Hub-Signature-256` over the body. Unordered and repeated reports do no harm: a message only moves on, from sent over delivered to read. 404 where no app secret is configured.',
      documentedBody: z.object({object: z.string(), entry: z.array(z.unknown())}),
      answer: webhookAnswer,
      signature: 'meta',
      errors: signedErrors,
    },
    (signed) => {
      const secret = sending?.whatsapp?.appSecret;
      if (secret === undefined) return Promise.reject(new SyncError('not_found'));
      return Promise.resolve(readWhatsappReports(signed, secret));
    },
    take,
  );
  signedRoute(
    deps,
    {
      method: 'post',
      path: '/v1/webhooks/twilio',
      summary: "Takes Twilio's reports on SMS.",
      description:
        'A form, signed by `X-Twilio-Signature` over the address and its fields; `delivery` in the query names the message. 404 where Twilio or PUBLIC_URL is not configured.',
      answer: webhookAnswer,
      signature: 'twilio',
      errors: signedErrors,
    },
    (signed) => {
      const {twilio, publicUrl} = sending ?? {};
      if (twilio === undefined || publicUrl === undefined) return Promise.reject(new SyncError('not_found'));
      const {pathname, search} = new URL(signed.url);
      const url = `${publicUrl}${pathname}${search}`;
      return Promise.resolve(readTwilioReport(signed, {url, authToken: twilio.authToken}));
    },
    take,
  );
}
