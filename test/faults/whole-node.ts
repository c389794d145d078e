// A whole node over any database: service, REST and live socket on a port of its own, if asked with a tap in it. Knows no
// test runner: crash-child.ts is killed with one in it.
import {createKeyring} from '#db/cipher.ts';
import {connectDatabase} from '#db/connect.ts';
import {isMigrated} from '#db/migrate.ts';
import {BODY_BYTES_MAX, FRAME_BYTES_MAX} from '#crdt/protocol/limits.ts';
import {DEVELOPMENT_ISSUER} from '#server/auth/development-issuer.ts';
import {createTokenVerifier} from '#server/auth/verify-token.ts';
import {createLiveEdge} from '#server/live/edge.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {silentLogger} from '#server/logger.ts';
import {createReadiness} from '#server/readiness.ts';
import {createRestApp} from '#server/rest/app.ts';
import {createLocalBus} from '#server/sync/bus.ts';
import {createService, type Service} from '#server/sync/service.ts';
import {createTap, type Tap} from './crash-tap.ts';

export interface WholeNodeOptions {
  readonly databaseUrl: string;
  /** Base64. */
  readonly masterKey: string;
  readonly publicKeyPem: string;
  readonly onLineChanged?: () => void;
  readonly answerMsMax?: number;
  readonly idleInTransactionMsMax?: number;
}

export interface WholeNode {
  readonly port: number;
  readonly service: Service;
  /** Kinds of faults that its lanes met, in order. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

const untapped = (): Tap =>
  createTap(() => {
    throw new Error('Not to be killed.');
  });

export async function startWholeNode(options: WholeNodeOptions, tap = untapped()): Promise<WholeNode> {
  const {
    databaseUrl: url,
    masterKey,
    publicKeyPem: jwtKey,
    onLineChanged = () => undefined,
    ...waits
  } = options;
  const database = connectDatabase({
    url,
    poolSize: 4,
    applicationName: 'whole node',
    onLineChanged,
    ...waits,
  });
  const bus = createLocalBus();
  const faults: string[] = [];
  const made = await tap.aside(() =>
    createService({
      pool: tap.pool(database.pool),
      keyring: createKeyring({current: Buffer.from(masterKey, 'base64')}),
      now: Date.now,
      bus: tap.bus(bus),
      onFault: ({kind}) => void faults.push(kind),
      onFlush: () => tap.at('committed'),
    }),
  );
  const service: Service = {...made, lanes: tap.lanes(made.lanes)};
  const verifier = createTokenVerifier({jwtKey, issuer: DEVELOPMENT_ISSUER, now: Date.now});
  const log = silentLogger;
  const edge = createLiveEdge({service, verifier, log, allowedOrigins: [], requireTls: false});
  const whyNotReady = createReadiness({
    isDraining: () => false,
    isMigrated: () => isMigrated(database.pool),
    laneLoad: () => service.lanes.load(),
  });
  const rest = createRestApp({
    service,
    verifier,
    log,
    whyNotReady,
    metrics: () => Promise.resolve(''),
  });
  const transport = await startWsTransport({
    host: '127.0.0.1',
    port: 0,
    fetch: async (request, address) => tap.response(await rest.fetch(request, address)),
    accept(request) {
      const decision = edge.accept(request);
      return typeof decision === 'string' ? decision : (socket) => decision(tap.socket(socket));
    },
    frameBytesMax: FRAME_BYTES_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
    answerHeaders: [],
  });
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await transport.stop();
    await service.lanes.idle();
    await service.stop();
    await database.end();
  };
  return {port: transport.port, service, faults, stop: () => (stopped ??= stop())};
}
