// A server that every kind of caller comes to: the world's service behind an app and a live edge of its own, whose verifier
// also takes tokens that the development issuer does not make, such as those of pending sessions.
import {generateKeyPairSync, randomUUID} from 'node:crypto';
import {SignJWT} from 'jose';
import type {Row} from '#server/rest/authorization.ts';
import {createTokenVerifier, type TokenVerifier} from '#server/auth/verify-token.ts';
import {silentLogger} from '#server/logger.ts';
import {createRestApp, type RestEdge} from '#server/rest/app.ts';
import type {Person, World} from '../support/world.ts';
import {givenIds} from './names.ts';
import {reporting} from './signed.ts';
import type {Stage} from './stage.ts';

const ISSUER = 'https://contract.example.com';

export type Column = keyof Row;

/** Who comes: with this token, as this device, naming this tenant. */
export interface Caller {
  readonly token: string | null;
  readonly deviceId: string;
  readonly tenantId: string;
}

export interface Door {
  readonly app: RestEdge;
  readonly verifier: TokenVerifier;
  readonly callerOf: (stage: Stage, column: Column) => Promise<Caller>;
}

export function openDoor({service, verifier}: World): Door {
  const keys = generateKeyPairSync('rsa', {modulusLength: 2048});
  const own = createTokenVerifier({
    jwtKey: keys.publicKey.export({type: 'spki', format: 'pem'}).toString(),
    issuer: ISSUER,
    now: Date.now,
  });
  const both: TokenVerifier = {
    ...own,
    async verify(token) {
      const result = await verifier.verify(token);
      return result.ok || result.code !== 'unauthenticated' ? result : own.verify(token);
    },
  };
  const sign = (subject: string, claims: object, expiresInSeconds: number): Promise<string> => {
    const issuedAt = Math.floor(Date.now() / 1_000) - 120;
    return new SignJWT({sid: `sess_${randomUUID()}`, ...claims})
      .setProtectedHeader({alg: 'RS256', typ: 'JWT', kid: 'contract'})
      .setSubject(subject)
      .setIssuer(ISSUER)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + expiresInSeconds)
      .sign(keys.privateKey);
  };
  const tokenOf = async ({maria, outsider, dana, ben}: Stage, column: Column): Promise<string | null> => {
    switch (column) {
      case 'anonymous':
        return null;
      // Of the manager: nothing but the session stands in the way.
      case 'expired':
        return sign(maria.subject, {}, 60);
      case 'pending':
        return sign(maria.subject, {sts: 'pending'}, 600);
      case 'otherTenant':
        return outsider.token;
      case 'outOfScope':
        return dana.token;
      case 'inScope':
        return ben.token;
      case 'manager':
        return maria.token;
    }
  };
  const app = createRestApp({
    service,
    verifier: both,
    log: silentLogger,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve('fieldmerge_up 1\n'),
    clerk: {webhookSigningSecret: `whsec_${Buffer.from('nobody signs with this key').toString('base64')}`},
    sending: {...reporting, whatsapp: {appSecret: 'nobody signs with this', verifyToken: 'another word'}},
  });
  return {
    app,
    verifier: both,
    async callerOf(stage, column) {
      const {deviceId} = personOf(stage, column);
      const tenantId = stage.actual.get(givenIds.tenant) ?? '';
      return {token: await tokenOf(stage, column), deviceId, tenantId};
    },
  };
}

const personOf = ({maria, ben, dana, outsider}: Stage, column: Column): Person =>
  column === 'inScope' ? ben : column === 'outOfScope' ? dana : column === 'otherTenant' ? outsider : maria;
