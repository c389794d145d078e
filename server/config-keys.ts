// Every environment variable of the server: its form, meaning and unit. Only server/config.ts reads values
// through it; the configuration page is printed from it.
import {z} from 'zod';
import {TENANT_SOCKETS_MAX, USER_SOCKETS_MAX} from '#crdt/protocol/limits.ts';
import {
  emailSender,
  flag,
  masterKey,
  masterKeyList,
  oneOf,
  optionalText,
  originList,
  publicKey,
  splitList,
  text,
  url,
  webhookSecret,
  wholeNumber,
} from './config-forms.ts';

/** One key's entry on the configuration page. */
export interface KeyNote {
  readonly description: string;
  readonly unit?: string;
  /** What holds when the key is absent, if that is not one fixed value. */
  readonly whenAbsent?: string;
  /** Never printed or logged. */
  readonly secret?: true;
}

const notes = z.registry<KeyNote>();
const key = <T extends z.ZodType>(schema: T, note: KeyNote): T => {
  notes.add(schema, note);
  return schema;
};

export const configKeys = z.object({
  NODE_ENV: key(oneOf(['development', 'test', 'production']).default('development'), {
    description:
      'In production the development issuer, the embedded database and a missing master key are refused.',
  }),
  HOST: key(optionalText(255), {
    description: 'Address to listen on.',
    whenAbsent: '127.0.0.1; in production 0.0.0.0',
  }),
  PORT: key(wholeNumber(0, 65_535).default(8_787), {description: 'Port to listen on; 0 picks a free one.'}),
  TRANSPORT: key(oneOf(['auto', 'uws', 'ws']).default('auto'), {
    description: 'Socket implementation. auto: uWebSockets.js where its binary loads, else ws.',
  }),
  ALLOWED_ORIGINS: key(originList.default([]), {
    description:
      'Origins of browser pages that may open sockets and call the API, comma-separated. Pages of this server itself always may.',
  }),
  CLIENT_ADDRESS_HEADER: key(
    z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/i, {error: 'must be a header name'})
      .toLowerCase()
      .optional(),
    {
      description:
        'Header in which a trusted proxy puts the address of the caller, such as fly-client-ip. Set it only behind such a proxy: callers could lie in it otherwise.',
      whenAbsent: 'the address of the connection counts',
    },
  ),
  REQUIRE_TLS: key(flag.default(false), {
    description:
      '1 behind a trusted proxy that ends TLS and says so in X-Forwarded-Proto: what came by plain http is refused, and browsers are told to come by https only. Probes may come past the proxy.',
  }),
  USER_SOCKETS_MAX: key(wholeNumber(1, 1_000_000).default(USER_SOCKETS_MAX), {
    description: 'Most sockets that one user has open on this node; a stock provider opens one per record.',
    unit: 'sockets',
  }),
  TENANT_SOCKETS_MAX: key(wholeNumber(1, 1_000_000).default(TENANT_SOCKETS_MAX), {
    description: 'Most sockets that one tenant has open on this node.',
    unit: 'sockets',
  }),
  LOG_LEVEL: key(oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'), {
    description: 'Least severe level that is logged.',
  }),

  OTEL_EXPORTER_OTLP_ENDPOINT: key(url('https:', 'http:').optional(), {
    description:
      'Receiver of traces by OTLP over HTTP, such as http://localhost:4318. Spans have counts, codes and declared routes, no data.',
    whenAbsent: 'nothing is traced',
  }),

  DATABASE_URL: key(url('postgres:', 'postgresql:').optional(), {
    description: 'Postgres to use.',
    whenAbsent: 'an embedded Postgres under DATA_DIR',
    secret: true,
  }),
  DATABASE_POOL_MAX: key(wholeNumber(2, 500).default(10), {
    description: 'Most connections to Postgres from this process.',
    unit: 'connections',
  }),
  DATA_DIR: key(text(1_024).default('./data'), {
    description: 'Folder of the embedded database, of locally made keys and of the disk store.',
  }),
  ALLOW_EMBEDDED: key(flag.default(false), {
    description: '1 permits the embedded database in production.',
  }),

  CLERK_JWT_KEY: key(publicKey.optional(), {
    description:
      'Public key of Clerk session tokens (PEM). Preferred: tokens are then verified without network.',
  }),
  CLERK_SECRET_KEY: key(optionalText(512), {
    description:
      'Clerk secret key: fetches signing keys if CLERK_JWT_KEY is absent, looks up users, sends invitations.',
    secret: true,
  }),
  CLERK_API_URL: key(url('https:', 'http:').default('https://api.clerk.com'), {
    description: "Base URL of Clerk's backend API.",
  }),
  CLERK_ISSUER: key(optionalText(512), {
    description: 'The only issuer (`iss`) whose tokens are accepted, such as https://clerk.example.com.',
    whenAbsent: 'any issuer whose signature verifies',
  }),
  CLERK_AUTHORIZED_PARTIES: key(text(8_192).transform(splitList).default([]), {
    description:
      'Origins (`azp`) whose tokens are accepted, comma-separated. Checked where a token names one; native apps do not.',
    whenAbsent: 'any',
  }),
  CLERK_INVITATION_REDIRECT_URL: key(url('https:', 'http:').optional(), {
    description:
      'Page of the app that the link of a mailed invitation leads to; it gets `tenant` and `invitation` in its query.',
    whenAbsent: "Clerk's own page",
  }),
  CLERK_WEBHOOK_SIGNING_SECRET: key(webhookSecret.optional(), {
    description: 'Secret that signs webhooks from Clerk.',
    whenAbsent: 'webhooks are refused',
    secret: true,
  }),

  MASTER_KEY: key(masterKey.optional(), {
    description: 'Wraps the keys of all tenants. Base64.',
    unit: '32 bytes',
    whenAbsent: 'outside production a key is made and kept in DATA_DIR',
    secret: true,
  }),
  MASTER_KEYS_OLD: key(masterKeyList.default([]), {
    description:
      'Earlier master keys that must still be readable while keys are re-wrapped, comma-separated.',
    unit: '32 bytes each',
    secret: true,
  }),

  S3_ENDPOINT: key(url('https:', 'http:').optional(), {
    description: 'Endpoint of the attachment store (R2 or S3).',
    whenAbsent: 'attachments are kept on disk under DATA_DIR',
  }),
  S3_BUCKET: key(optionalText(255), {description: 'Bucket of the attachment store.'}),
  S3_REGION: key(optionalText(64), {description: 'Region of the attachment store.', whenAbsent: 'auto'}),
  S3_ACCESS_KEY_ID: key(optionalText(256), {
    description: 'Access key of the attachment store.',
    secret: true,
  }),
  S3_SECRET_ACCESS_KEY: key(optionalText(256), {description: 'Its secret.', secret: true}),

  PUBLIC_URL: key(url('https:', 'http:').optional(), {
    description:
      'Where this server is reached from outside: in links of SMS, and where Twilio reports to. Such as https://api.example.com.',
    whenAbsent: 'links name http://localhost and PORT, and Twilio is asked for no reports',
  }),
  SMTP_URL: key(url('smtp:', 'smtps:').optional(), {
    description: 'Mail server.',
    whenAbsent: 'e-mail goes to the local outbox',
    secret: true,
  }),
  EMAIL_FROM: key(emailSender.optional(), {
    description: 'Sender of e-mail, such as Fieldmerge <office@example.com>.',
  }),
  WHATSAPP_API_URL: key(url('https:', 'http:').optional(), {
    description: 'Base URL of the WhatsApp Cloud API.',
    whenAbsent: 'https://graph.facebook.com',
  }),
  WHATSAPP_TOKEN: key(optionalText(1_024), {
    description: 'Access token of the WhatsApp Cloud API.',
    whenAbsent: 'WhatsApp messages go to the local outbox',
    secret: true,
  }),
  WHATSAPP_PHONE_NUMBER_ID: key(optionalText(64), {description: 'Id of the sending WhatsApp number.'}),
  WHATSAPP_API_VERSION: key(
    z
      .string()
      .regex(/^v\d{1,3}\.\d$/, {error: 'must be a version such as v23.0'})
      .default('v23.0'),
    {description: 'Version of the WhatsApp Cloud API.'},
  ),
  WHATSAPP_TEMPLATE: key(
    z
      .string()
      .regex(/^[a-z0-9_]{1,512}$/, {error: 'must be the name of a template'})
      .default('invoice_ready'),
    {description: 'Approved template that carries invoices: a document header and four parameters.'},
  ),
  WHATSAPP_APP_SECRET: key(optionalText(256), {
    description: 'Secret of the Meta app: signs reports on WhatsApp messages.',
    whenAbsent: 'reports are refused',
    secret: true,
  }),
  WHATSAPP_VERIFY_TOKEN: key(optionalText(256), {
    description: 'The word Meta says when it is given the address for reports; any, as entered there.',
    whenAbsent: 'the address cannot be confirmed',
    secret: true,
  }),
  TWILIO_API_URL: key(url('https:', 'http:').optional(), {
    description: 'Base URL of the Twilio API.',
    whenAbsent: 'https://api.twilio.com',
  }),
  TWILIO_ACCOUNT_SID: key(optionalText(64), {
    description: 'Twilio account.',
    whenAbsent: 'SMS go to the local outbox',
  }),
  TWILIO_AUTH_TOKEN: key(optionalText(256), {description: 'Its token.', secret: true}),
  TWILIO_FROM: key(optionalText(64), {description: 'Sending number or messaging service.'}),
});

export type ConfigValues = z.output<typeof configKeys>;

/** The page's rows, in the order of the schema. `fallback`: the fixed value of an absent key, as text. */
export function describeConfigKeys(): readonly (KeyNote & {
  readonly name: string;
  readonly fallback?: string;
})[] {
  return Object.entries(configKeys.shape).map(([name, schema]) => {
    const note = notes.get(schema);
    if (note === undefined) throw new Error('a configuration key has no description');
    const fallback = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
    if (fallback === undefined || Array.isArray(fallback)) return {name, ...note};
    return {name, ...note, fallback: fallback === false ? '0' : String(fallback)};
  });
}
