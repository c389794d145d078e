// Starts everything in order and stops it in reverse. main.ts calls it with the process's configuration, tests and
// the demo with their own.
import {ATTACHMENT_BYTES_MAX} from '#crdt/entities/attachments.ts';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {BODY_BYTES_MAX, FRAME_BYTES_MAX} from '#crdt/protocol/limits.ts';
import {assertDurable, connectDatabase, type Database} from '#db/connect.ts';
import {readQueueFigures} from '#db/delivery-queue.ts';
import {startEmbedded, type Embedded} from '#db/embedded.ts';
import {isMigrated, migrateDatabase} from '#db/migrate.ts';
import {traceStatements} from '#db/trace-statements.ts';
import {answerHeaders} from './answer-headers.ts';
import {
  DEVELOPMENT_ISSUER,
  openDevelopmentIssuer,
  type DevelopmentIssuer,
} from './auth/development-issuer.ts';
import {createTokenVerifier, type TokenVerifier} from './auth/verify-token.ts';
import {openClerk, type Clerk} from './clerk/open-clerk.ts';
import type {Config} from './config.ts';
import {createPrinter} from './invoices/printer.ts';
import {chooseTransport} from './live/choose-transport.ts';
import {createLiveEdge} from './live/edge.ts';
import {openFileStore} from './files/open-store.ts';
import {openKeyring} from './keyring.ts';
import type {Logger} from './logger.ts';
import {startMaintenance} from './maintenance.ts';
import {createMetrics, type Metrics} from './metrics.ts';
import {createReadiness} from './readiness.ts';
import {createRestApp} from './rest/app.ts';
import {startRevocationPoll} from './revocation-poll.ts';
import {openSending} from './sending/open-sending.ts';
import type {Bus} from './sync/bus.ts';
import {PostgresBus} from './sync/postgres-bus.ts';
import {createService, type Service} from './sync/service.ts';
import {noTracing, openTracing, type Tracing} from './tracing.ts';

export interface RunningServer {
  readonly url: string;
  readonly transport: 'ws' | 'uws';
  readonly service: Service;
  /** Null where Clerk signs the tokens. */
  readonly developmentIssuer: DevelopmentIssuer | null;
  /** Lets devices go, finishes what is being committed, and closes everything. */
  stop(): Promise<void>;
}

/** Closes what was opened, last first, each once. */
interface Closers {
  push(close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

function createClosers(): Closers {
  const closers: (() => Promise<unknown>)[] = [];
  return {
    push: (close) => void closers.push(close),
    async closeAll() {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
    },
  };
}

/** Rejects, with everything closed again, if any part does not start. */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  const closers = createClosers();
  try {
    return await startParts(config, {log, closers});
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function startParts(
  config: Config,
  {log, closers}: {log: Logger; closers: Closers},
): Promise<RunningServer> {
  const now = Date.now;
  const metrics = createMetrics();
  const tracing = await openTracing(config.otlpEndpoint);
  closers.push(() => tracing.stop());
  const database = await openDatabase(config, {log, closers});
  if (tracing !== noTracing)
    traceStatements(database.pool, (name, run) =>
      tracing.child('statement', {'db.operation.name': name}, run),
    );
  const {verifier, developmentIssuer} = await openAuth(config, now);
  const clerk = openClerk(config.auth, {log, now});
  const bus = openBus(config, {metrics, log, closers});
  const service = await openService(config, {database, metrics, clerk, log, now, bus, tracing});
  closers.push(async () => {
    // Once more: what came with the last requests, and from the sender of messages.
    await service.lanes.idle();
    await service.stop();
    service.files.close?.();
  });
  const state = {draining: false};
  const whyNotReady = createReadiness({
    isDraining: () => state.draining,
    isMigrated: () => isMigrated(database.pool),
    laneLoad: () => service.lanes.load(),
  });
  const {allowedOrigins, clientAddressHeader, requireTls, socketsMax} = config;
  if (config.isProduction && !requireTls)
    log.warn('plain http is answered, since REQUIRE_TLS is not set', {});
  const live = createLiveEdge({
    service,
    verifier,
    log,
    allowedOrigins,
    clientAddressHeader,
    requireTls,
    socketsMax,
  });
  const {cache, lanes, fanOut} = service;
  metrics.watchStore({cache, laneLoad: () => lanes.load(), pool: database.pool});
  metrics.edge.watch({stats: () => live.stats(), traffic: live.traffic, followers: () => fanOut.followers()});
  const printer = createPrinter();
  closers.push(() => printer.close());
  const {print} = printer;
  const sending = openSending(config, {service, print, metrics: metrics.sending, log});
  closers.push(() => sending.stop());
  metrics.sending.watch(() => readQueueFigures(database.pool, new Date(now())));
  const rest = createRestApp({
    service,
    verifier,
    log,
    whyNotReady,
    metrics: () => metrics.registry.metrics(),
    onAnswered(request) {
      metrics.edge.answered(request);
      const {method, route, status} = request;
      tracing.note({'http.request.method': method, 'http.route': route, 'http.response.status_code': status});
    },
    clientAddressHeader,
    allowedOrigins,
    requireTls,
    clerk,
    print,
    sending: {...config, onQueued: sending.wake, onReported: sending.show},
  });
  closers.push(startMaintenance({service, log}));
  closers.push(startRevocationPoll({revokedTokens: service.revokedTokens, log}));
  const chosen = chooseTransport(config.transport);
  if (chosen.kind === 'unavailable') throw new Error(`TRANSPORT=uws cannot be used: ${chosen.reason}`);
  if (chosen.fallbackReason !== undefined) log.info('uWebSockets.js does not load here; serving with ws', {});
  const transport = await chosen.start({
    host: config.host,
    port: config.port,
    fetch: (request, remoteAddress) =>
      tracing.root('http request', {}, () => rest.fetch(request, remoteAddress)),
    accept: live.accept,
    answerHeaders: answerHeaders({requireTls}),
    frameBytesMax: FRAME_BYTES_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
    largeBodies: {prefix: '/v1/files/', bytesMax: ATTACHMENT_BYTES_MAX},
  });
  closers.push(() => transport.stop());
  closers.push(async () => {
    state.draining = true;
    // Attempts under way may take as long as devices do, so both end side by side.
    await Promise.all([live.drain(), sending.stop()]);
    await service.lanes.idle();
  });
  return {
    url: `http://${config.host}:${transport.port}`,
    transport: transport.kind,
    service,
    developmentIssuer,
    stop: () => closers.closeAll(),
  };
}

async function openDatabase(
  config: Config,
  {log, closers}: {log: Logger; closers: Closers},
): Promise<Database> {
  const url =
    config.database.kind === 'url' ? config.database.url : await openEmbedded(config, {log, closers});
  const applied = await migrateDatabase(url);
  if (applied.length > 0) log.info('migrated', {migrations: applied.length});
  const database = connectDatabase({
    url,
    poolSize: config.database.poolMax,
    applicationName: 'fieldmerge',
    onConnectionLost: (error) => log.warn('a database connection broke', {}, error),
    onLineChanged() {
      // Nothing that this process remembers is worth saving, and what is under way cannot be committed.
      log.error('the database was restored or replaced: the process ends, to be started anew', {});
      process.exit(1);
    },
  });
  closers.push(() => database.end());
  await assertDurable(database.pool);
  return database;
}

async function openEmbedded(
  config: Config,
  {log, closers}: {log: Logger; closers: Closers},
): Promise<string> {
  const embedded: Embedded = await startEmbedded({
    dataDir: config.dataDir,
    log: (message) => log.info('embedded database', {note: message}),
  });
  closers.push(() => embedded.stop());
  return embedded.url;
}

async function openAuth(
  {auth, dataDir}: Config,
  now: () => number,
): Promise<{verifier: TokenVerifier; developmentIssuer: DevelopmentIssuer | null}> {
  if (auth.kind === 'clerk') {
    const {jwtKey, secretKey, apiUrl, issuer, authorizedParties} = auth;
    const verifier = createTokenVerifier({
      ...(jwtKey === undefined ? {} : {jwtKey}),
      ...(secretKey === undefined ? {} : {secretKey}),
      ...(issuer === undefined ? {} : {issuer}),
      apiUrl,
      authorizedParties,
      now,
    });
    return {verifier, developmentIssuer: null};
  }
  const developmentIssuer = await openDevelopmentIssuer({dataDir, now});
  const verifier = createTokenVerifier({
    jwtKey: developmentIssuer.publicKeyPem,
    issuer: DEVELOPMENT_ISSUER,
    now,
  });
  return {verifier, developmentIssuer};
}

/** Null for an embedded database: no other node is on it. */
function openBus(
  {database}: Config,
  {metrics, log, closers}: {metrics: Metrics; log: Logger; closers: Closers},
): Bus | null {
  if (database.kind !== 'url') return null;
  const {sent, received, reconnected} = metrics.nodes;
  const bus = new PostgresBus({
    url: database.url,
    watch: {
      sent,
      received,
      reconnected,
      lost: (direction, error) => log.warn('the bus between nodes is interrupted', {direction}, error),
    },
  });
  closers.push(() => bus.stop());
  return bus;
}

async function openService(
  config: Config,
  {
    database,
    metrics,
    clerk,
    log,
    now,
    bus,
    tracing,
  }: {
    database: Database;
    metrics: Metrics;
    clerk: Clerk;
    log: Logger;
    now: () => number;
    bus: Bus | null;
    tracing: Tracing;
  },
): Promise<Service> {
  return createService({
    pool: database.pool,
    keyring: await openKeyring(config),
    now,
    tracing,
    openFiles: (deps) => openFileStore(config, deps),
    findProfile: clerk.findProfile,
    invitationSender: clerk.invitationSender,
    ...(bus === null ? {} : {bus}),
    onRepair: metrics.nodes.repaired,
    onFault({kind, tenantId, attempt, error}) {
      metrics.lane.failed(kind);
      const level = kind === 'bug' ? errorCodes.internal.log : 'warn';
      log[level]('a group of changes failed', {kind, tenantId, attempt}, error);
    },
    onFlush: (flush) => metrics.lane.flushed(flush, now()),
  });
}
