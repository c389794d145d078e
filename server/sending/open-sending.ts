// Sending as configured: which channels have a provider, and the worker that uses them. start.ts opens it.
import type {Config} from '../config.ts';
import type {PrintBill} from '../invoices/printer.ts';
import type {Logger} from '../logger.ts';
import type {SendingMetrics} from '../metrics/sending-metrics.ts';
import {startPoll} from '../sync/poll.ts';
import type {Service} from '../sync/service.ts';
import type {DeliverDeps} from './deliver.ts';
import {createEmailChannel} from './email-channel.ts';
import {twilioCallbackUrl} from './provider-reports.ts';
import {showStates} from './show-states.ts';
import {createTwilioChannel} from './twilio-channel.ts';
import {createWhatsappChannel} from './whatsapp-channel.ts';
import {startSendingWorker} from './worker.ts';

export interface Sending {
  /** Something may be due. */
  readonly wake: () => void;
  /** Something may have come further. */
  readonly show: () => void;
  readonly stop: () => Promise<void>;
}

/** Milliseconds until what another node or a node that died left unshown is looked for. */
const SHOWN_EVERY_MS = 2_000;

type SendingConfig = Pick<Config, 'smtp' | 'whatsapp' | 'twilio' | 'publicUrl' | 'port'>;

export function openSending(
  {smtp, whatsapp, twilio, publicUrl, port}: SendingConfig,
  {service, print, metrics, log}: {service: Service; print: PrintBill; metrics: SendingMetrics; log: Logger},
): Sending {
  const email = smtp === undefined ? undefined : createEmailChannel(smtp);
  const callbackUrl = publicUrl === undefined ? undefined : (id: string) => twilioCallbackUrl(publicUrl, id);
  const channels: DeliverDeps['channels'] = {
    ...(email === undefined ? {} : {email}),
    ...(whatsapp === undefined ? {} : {whatsapp: createWhatsappChannel(whatsapp)}),
    ...(twilio === undefined ? {} : {sms: createTwilioChannel(twilio, {callbackUrl})}),
  };
  const onFault = (error: unknown): void => log.warn('sending was interrupted', {}, error);
  const shown = startPoll({everyMs: SHOWN_EVERY_MS, round: () => showStates(service), onFault});
  const worker = startSendingWorker({
    ...service,
    channels,
    print,
    publicUrl: publicUrl ?? `http://localhost:${port}`,
    random: Math.random,
    onAttempt({channel, outcome, ms}) {
      metrics.attempted({channel, outcome, ms});
      shown.soon();
      if (outcome === 'parked')
        log.error('a provider refuses the credentials of this server: its channel waits', {channel});
    },
    onFault,
  });
  return {
    wake() {
      worker.wake();
      shown.soon();
    },
    show: () => shown.soon(),
    async stop() {
      await worker.stop();
      await shown.stop();
      email?.close();
    },
  };
}
