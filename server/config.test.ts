import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {resolve} from 'node:path';
import {describe, expect, it} from 'vitest';
import {describeConfigKeys} from './config-keys.ts';
import {readConfig, type Config} from './config.ts';

const makePem = (modulusLength = 2048) =>
  generateKeyPairSync('rsa', {modulusLength}).publicKey.export({type: 'spki', format: 'pem'}).toString();
const pem = makePem();
const masterKey = randomBytes(32).toString('base64');
const production = {
  NODE_ENV: 'production',
  CLERK_JWT_KEY: pem,
  DATABASE_URL: 'postgres://app:pw@db.example.com/fieldmerge',
  MASTER_KEY: masterKey,
};

type Environment = Record<string, string | undefined>;

function mustRead(env: Environment): Config {
  const result = readConfig(env);
  if (!result.ok) throw new Error(result.faults.join('\n'));
  return result.config;
}

/** The keys that faults begin with. */
function faultyKeys(env: Environment): string[] {
  const result = readConfig(env);
  return result.ok ? [] : result.faults.map((fault) => fault.split(':')[0]!).sort();
}

describe('readConfig', () => {
  it('needs nothing in development: embedded database, local issuer, loopback', () => {
    expect(mustRead({})).toMatchObject({
      isProduction: false,
      host: '127.0.0.1',
      port: 8787,
      transport: 'auto',
      requireTls: false,
      database: {kind: 'embedded', poolMax: 10},
      auth: {kind: 'development'},
      dataDir: resolve('./data'),
      masterKeys: undefined,
      s3: undefined,
      smtp: undefined,
      whatsapp: undefined,
      twilio: undefined,
    });
  });

  it('takes a complete production environment', () => {
    expect(mustRead(production)).toMatchObject({
      isProduction: true,
      host: '0.0.0.0',
      database: {kind: 'url', url: production.DATABASE_URL},
      auth: {kind: 'clerk', jwtKey: pem, authorizedParties: [], apiUrl: 'https://api.clerk.com'},
      masterKeys: {current: new Uint8Array(Buffer.from(masterKey, 'base64')), old: []},
    });
  });

  it('refuses in production the local issuer, the embedded database and a missing master key, all at once', () => {
    expect(faultyKeys({NODE_ENV: 'production'})).toEqual(['CLERK_JWT_KEY', 'DATABASE_URL', 'MASTER_KEY']);
  });

  it.each([
    ['CLERK_JWT_KEY', {CLERK_SECRET_KEY: 'sk_test_1'}],
    ['DATABASE_URL', {ALLOW_EMBEDDED: '1'}],
  ])('accepts another way to satisfy %s in production', (key, instead) => {
    expect(faultyKeys({...production, [key]: undefined, ...instead})).toEqual([]);
  });

  it('does not take ALLOW_EMBEDDED=0 for permission', () => {
    const env = {...production, DATABASE_URL: undefined, ALLOW_EMBEDDED: '0'};
    expect(faultyKeys(env)).toEqual(['DATABASE_URL']);
  });

  it('treats a misspelt NODE_ENV as a fault, not as development', () => {
    expect(faultyKeys({...production, NODE_ENV: 'Production'})).toEqual(['NODE_ENV']);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['TRANSPORT', 'http'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://db/x'],
    ['DATABASE_POOL_MAX', '1'],
    ['ALLOW_EMBEDDED', 'yes'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'https://a.example.com/path'],
    ['CLIENT_ADDRESS_HEADER', 'x forwarded'],
    ['CLERK_JWT_KEY', 'sk_live_not_a_key'],
    ['CLERK_JWT_KEY', makePem(3072)],
    ['CLERK_API_URL', 'ftp://clerk'],
    ['MASTER_KEY', randomBytes(31).toString('base64')],
    ['MASTER_KEY', randomBytes(33).toString('base64')],
    ['MASTER_KEY', randomBytes(32).toString('hex')],
  ])('refuses %s=%s', (key, value) => {
    expect(faultyKeys({[key]: value})).toEqual([key]);
  });

  it.each(['0', '1', '65535'])('accepts PORT=%s', (value) => {
    expect(mustRead({PORT: value}).port).toBe(Number(value));
  });

  it('reports every fault, and no fault holds the value', () => {
    const secret = 'canary-7c1f';
    const env = Object.fromEntries(
      ['PORT', 'TRANSPORT', 'DATABASE_URL', 'MASTER_KEY', 'MASTER_KEYS_OLD', 'SMTP_URL', 'S3_ENDPOINT'].map(
        (key) => [key, secret],
      ),
    );
    const result = readConfig({...env, EMAIL_FROM: `${secret}@example.com`});
    const text = JSON.stringify(result);
    for (const key of Object.keys(env)) expect(text).toContain(`${key}: must be`);
    expect(text).not.toContain(secret);
  });

  it.each([
    [{S3_BUCKET: 'b'}, ['S3_ACCESS_KEY_ID', 'S3_ENDPOINT', 'S3_SECRET_ACCESS_KEY']],
    [{S3_REGION: 'auto'}, ['S3_ACCESS_KEY_ID', 'S3_BUCKET', 'S3_ENDPOINT', 'S3_SECRET_ACCESS_KEY']],
    [{SMTP_URL: 'smtp://mail'}, ['EMAIL_FROM']],
    [{WHATSAPP_API_URL: 'https://graph.example.com'}, ['WHATSAPP_PHONE_NUMBER_ID', 'WHATSAPP_TOKEN']],
    [{TWILIO_FROM: '+15550100'}, ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN']],
    [{MASTER_KEYS_OLD: masterKey}, ['MASTER_KEY']],
  ])('refuses the incomplete group %j', (env, missing) => {
    expect(faultyKeys(env)).toEqual(missing);
  });

  it('fills in the providers of complete groups', () => {
    const config = mustRead({
      S3_ENDPOINT: 'https://r2.example.com/',
      S3_BUCKET: 'files',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY: 'secret',
      SMTP_URL: 'smtp://mail:25',
      EMAIL_FROM: 'Office <office@example.com>',
      WHATSAPP_TOKEN: 't',
      WHATSAPP_PHONE_NUMBER_ID: '1',
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_AUTH_TOKEN: 't',
      TWILIO_FROM: '+15550100',
    });
    expect(config.s3).toMatchObject({endpoint: 'https://r2.example.com', region: 'auto'});
    expect(config.smtp).toEqual({url: 'smtp://mail:25', from: 'Office <office@example.com>'});
    expect(config.whatsapp?.apiUrl).toBe('https://graph.facebook.com');
    expect(config.twilio?.apiUrl).toBe('https://api.twilio.com');
  });

  it('reads lists, drops white space and takes an empty value for absent', () => {
    const config = mustRead({
      ALLOWED_ORIGINS: ' https://a.example.com, capacitor://localhost ,',
      CLIENT_ADDRESS_HEADER: 'Fly-Client-IP',
      DATABASE_URL: ' ',
      PORT: ' 9000\n',
    });
    expect(config.allowedOrigins).toEqual(['https://a.example.com', 'capacitor://localhost']);
    expect(config.clientAddressHeader).toBe('fly-client-ip');
    expect(config.database.kind).toBe('embedded');
    expect(config.port).toBe(9000);
  });

  it('keeps old master keys in order', () => {
    const old = [randomBytes(32), randomBytes(32)];
    const list = old.map((bytes) => bytes.toString('base64')).join(', ');
    const config = mustRead({MASTER_KEY: masterKey, MASTER_KEYS_OLD: list});
    expect(config.masterKeys?.old).toEqual(old.map((bytes) => new Uint8Array(bytes)));
  });

  it.each([
    ['literal \\n', pem.replaceAll('\n', '\\n')],
    ['spaces', pem.replaceAll('\n', ' ')],
    ['quotes', `"${pem}"`],
    ['CRLF', pem.replaceAll('\n', '\r\n')],
  ])('cleans a public key with %s', (_, value) => {
    expect(mustRead({CLERK_JWT_KEY: value}).auth).toMatchObject({jwtKey: pem});
  });

  it('gives no secret a default', () => {
    const secrets = describeConfigKeys().filter(({secret}) => secret);
    expect(secrets.length).toBeGreaterThan(8);
    expect(secrets.filter(({fallback}) => fallback !== undefined)).toEqual([]);
  });

  it('describes every key', () => {
    const rows = describeConfigKeys();
    expect(rows.every(({description}) => description.endsWith('.'))).toBe(true);
    expect(rows.find(({name}) => name === 'PORT')?.fallback).toBe('8787');
  });
});
