// E-mail over SMTP, the PDF attached. The server's answer decides; where the connection ended after the message began
// to be handed over, nobody knows.
import {createTransport} from 'nodemailer';
import {SEND_TIMEOUT_MS, type Channel, type SendOutcome} from './channel.ts';

export interface SmtpSettings {
  readonly url: string;
  readonly from: string;
}

export function createEmailChannel({url, from}: SmtpSettings): Channel & {close(): void} {
  const transport = createTransport({
    url,
    connectionTimeout: SEND_TIMEOUT_MS,
    greetingTimeout: SEND_TIMEOUT_MS,
    socketTimeout: SEND_TIMEOUT_MS,
  });
  const domain = /@([\w.-]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    async send({deliveryId, to, subject, text, document}) {
      // Sent again under the same name: mail programs that care show it once.
      const messageId = `<${deliveryId}@${domain}>`;
      try {
        await transport.sendMail({
          from,
          // As an object: text would be read as a list, and may hold more than one.
          to: {name: '', address: to},
          subject: subject ?? '',
          text,
          messageId,
          attachments: [
            {
              filename: document.fileName,
              content: Buffer.from(document.bytes),
              contentType: 'application/pdf',
            },
          ],
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        return {kind: 'sent', providerId: messageId};
      } catch (error) {
        return outcomeOf(error);
      }
    },
    close: () => transport.close(),
  };
}

interface SmtpError {
  readonly code?: string;
  readonly responseCode?: number;
  readonly syscall?: string;
  readonly timeoutType?: string;
}

/** Codes of faults before anything of the message was sent. */
const beforehand = new Set(['EDNS', 'ETLS', 'EREQUIRETLS', 'EPROXY', 'EAUTH', 'ENOAUTH', 'EOAUTH2']);
const firstTimeouts = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT']);

function outcomeOf(error: unknown): SendOutcome {
  const {code = 'error', responseCode, syscall, timeoutType = ''} = error as SmtpError;
  if (code === 'EAUTH') return {kind: 'parked', code: `email_${responseCode ?? 'auth'}`};
  if (responseCode !== undefined && responseCode >= 400)
    return {kind: responseCode < 500 ? 'retry' : 'refused', code: `email_${responseCode}`};
  const isBefore = beforehand.has(code) || syscall === 'connect' || firstTimeouts.has(timeoutType);
  return {kind: isBefore ? 'retry' : 'unknown', code: `email_${code.toLowerCase()}`};
}
