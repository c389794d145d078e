// The only reader of the environment. Everything is checked before anything starts, and all faults are told
// at once. White space around values is dropped, and an empty value counts as absent. Called by
// server/main.ts and the commands.
import {resolve} from 'node:path';
import {configKeys, type ConfigValues} from './config-keys.ts';

export interface Config {
  readonly isProduction: boolean;
  readonly host: string;
  readonly port: number;
  readonly transport: ConfigValues['TRANSPORT'];
  readonly allowedOrigins: readonly string[];
  /** Lower case. Absent: the connection's own address is the caller's. */
  readonly clientAddressHeader: string | undefined;
  /** A trusted proxy ends TLS: requests that it did not get by https are refused. */
  readonly requireTls: boolean;
  /** Open on this node at once, of each. */
  readonly socketsMax: {readonly user: number; readonly tenant: number};
  readonly logLevel: ConfigValues['LOG_LEVEL'];
  /** Absolute. */
  readonly dataDir: string;
  readonly database:
    | {readonly kind: 'url'; readonly url: string; readonly poolMax: number}
    | {readonly kind: 'embedded'; readonly poolMax: number};
  readonly auth: AuthConfig;
  /** Absent only outside production: a key is then made and kept in `dataDir`. */
  readonly masterKeys: {readonly current: Uint8Array; readonly old: readonly Uint8Array[]} | undefined;
  readonly s3: S3Config | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly smtp: {readonly url: string; readonly from: string} | undefined;
  readonly whatsapp: WhatsappConfig | undefined;
  readonly twilio: TwilioConfig | undefined;
  /** Receives traces over HTTP. */
  readonly otlpEndpoint: string | undefined;
}

export type AuthConfig =
  | {
      readonly kind: 'clerk';
      readonly jwtKey: string | undefined;
      readonly secretKey: string | undefined;
      readonly apiUrl: string;
      readonly issuer: string | undefined;
      readonly authorizedParties: readonly string[];
      readonly webhookSigningSecret: string | undefined;
      readonly invitationRedirectUrl: string | undefined;
    }
  | {readonly kind: 'development'};

export interface S3Config {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface WhatsappConfig {
  readonly apiUrl: string;
  readonly token: string;
  readonly phoneNumberId: string;
  readonly apiVersion: string;
  readonly template: string;
  readonly appSecret: string | undefined;
  readonly verifyToken: string | undefined;
}

export interface TwilioConfig {
  readonly apiUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly from: string;
}

export type ConfigResult =
  | {readonly ok: true; readonly config: Config}
  /** One sentence per fault, beginning with the key. They never hold a value. */
  | {readonly ok: false; readonly faults: readonly string[]};

type KeyName = keyof ConfigValues;

/** Keys that mean nothing alone: with any of them (`optional` ones too) all `required` must be set. */
const groups: readonly {readonly required: readonly KeyName[]; readonly optional: readonly KeyName[]}[] = [
  {
    required: ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
    optional: ['S3_REGION'],
  },
  {required: ['SMTP_URL', 'EMAIL_FROM'], optional: []},
  {
    required: ['WHATSAPP_TOKEN', 'WHATSAPP_PHONE_NUMBER_ID'],
    optional: ['WHATSAPP_API_URL', 'WHATSAPP_APP_SECRET', 'WHATSAPP_VERIFY_TOKEN'],
  },
  {required: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'], optional: ['TWILIO_API_URL']},
  {required: ['MASTER_KEY'], optional: ['MASTER_KEYS_OLD']},
];

type Environment = Readonly<Record<string, string | undefined>>;

function listGroupFaults(env: Environment): string[] {
  return groups.flatMap(({required, optional}) => {
    const present = [...required, ...optional].find((name) => env[name] !== undefined);
    if (present === undefined) return [];
    return required
      .filter((name) => env[name] === undefined)
      .map((name) => `${name}: must be set, since ${present} is`);
  });
}

/** What production refuses. Judged on the presence of keys, so that these faults come together with all others. */
function listProductionFaults(env: Environment): string[] {
  if (env['NODE_ENV'] !== 'production') return [];
  const faults: string[] = [];
  if (env['CLERK_JWT_KEY'] === undefined && env['CLERK_SECRET_KEY'] === undefined) {
    faults.push(
      'CLERK_JWT_KEY: must be set in production (or CLERK_SECRET_KEY): the development issuer is refused',
    );
  }
  if (env['DATABASE_URL'] === undefined && env['ALLOW_EMBEDDED'] !== '1') {
    faults.push('DATABASE_URL: must be set in production, unless ALLOW_EMBEDDED is 1');
  }
  // With old keys present the group has said so already.
  if (env['MASTER_KEY'] === undefined && env['MASTER_KEYS_OLD'] === undefined) {
    faults.push('MASTER_KEY: must be set in production');
  }
  return faults;
}

function toAuth(values: ConfigValues): AuthConfig {
  const {CLERK_JWT_KEY: jwtKey, CLERK_SECRET_KEY: secretKey} = values;
  if (jwtKey === undefined && secretKey === undefined) return {kind: 'development'};
  return {
    kind: 'clerk',
    jwtKey,
    secretKey,
    apiUrl: values.CLERK_API_URL,
    issuer: values.CLERK_ISSUER,
    authorizedParties: values.CLERK_AUTHORIZED_PARTIES,
    webhookSigningSecret: values.CLERK_WEBHOOK_SIGNING_SECRET,
    invitationRedirectUrl: values.CLERK_INVITATION_REDIRECT_URL,
  };
}

function toS3(values: ConfigValues): S3Config | undefined {
  const {S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region = 'auto'} = values;
  const {S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey} = values;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return undefined;
  return {endpoint, bucket, region, accessKeyId, secretAccessKey};
}

function toWhatsapp(values: ConfigValues): WhatsappConfig | undefined {
  const {WHATSAPP_TOKEN: token, WHATSAPP_PHONE_NUMBER_ID: phoneNumberId} = values;
  if (!token || !phoneNumberId) return undefined;
  return {
    apiUrl: values.WHATSAPP_API_URL ?? 'https://graph.facebook.com',
    token,
    phoneNumberId,
    apiVersion: values.WHATSAPP_API_VERSION,
    template: values.WHATSAPP_TEMPLATE,
    appSecret: values.WHATSAPP_APP_SECRET,
    verifyToken: values.WHATSAPP_VERIFY_TOKEN,
  };
}

function toTwilio(values: ConfigValues): TwilioConfig | undefined {
  const {TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from} = values;
  if (!accountSid || !authToken || !from) return undefined;
  return {apiUrl: values.TWILIO_API_URL ?? 'https://api.twilio.com', accountSid, authToken, from};
}

function toConfig(values: ConfigValues): Config {
  const isProduction = values.NODE_ENV === 'production';
  const {DATABASE_URL: url, DATABASE_POOL_MAX: poolMax, MASTER_KEY: current} = values;
  return {
    isProduction,
    host: values.HOST ?? (isProduction ? '0.0.0.0' : '127.0.0.1'),
    port: values.PORT,
    transport: values.TRANSPORT,
    allowedOrigins: values.ALLOWED_ORIGINS,
    clientAddressHeader: values.CLIENT_ADDRESS_HEADER,
    requireTls: values.REQUIRE_TLS,
    socketsMax: {user: values.USER_SOCKETS_MAX, tenant: values.TENANT_SOCKETS_MAX},
    logLevel: values.LOG_LEVEL,
    dataDir: resolve(values.DATA_DIR),
    database: url === undefined ? {kind: 'embedded', poolMax} : {kind: 'url', url, poolMax},
    auth: toAuth(values),
    masterKeys: current && {current, old: values.MASTER_KEYS_OLD},
    s3: toS3(values),
    publicUrl: values.PUBLIC_URL,
    smtp: values.SMTP_URL && values.EMAIL_FROM ? {url: values.SMTP_URL, from: values.EMAIL_FROM} : undefined,
    whatsapp: toWhatsapp(values),
    twilio: toTwilio(values),
    otlpEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}

/** Reads and checks `env` (process.env unless a test says otherwise). Unknown keys are ignored. */
export function readConfig(env: Environment = process.env): ConfigResult {
  const present = Object.fromEntries(
    Object.keys(configKeys.shape).map((name) => [name, env[name]?.trim() || undefined]),
  );
  const parsed = configKeys.safeParse(present);
  const faults = [
    ...(parsed.success ? [] : parsed.error.issues.map(({path, message}) => `${path.join('.')}: ${message}`)),
    ...listGroupFaults(present),
    ...listProductionFaults(present),
  ];
  return parsed.success && faults.length === 0
    ? {ok: true, config: toConfig(parsed.data)}
    : {ok: false, faults};
}
