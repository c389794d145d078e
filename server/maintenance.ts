// What has to be forgotten now and then. Every node does it; doing it twice costs nothing.
import {CHANGE_ID_DAYS, QUARANTINE_DECIDED_DAYS} from '#crdt/protocol/limits.ts';
import {forgetPushResults} from '#db/push-results.ts';
import {forgetDecided} from '#db/quarantine.ts';
import {forgetRevokedClaims} from '#db/revoked-tokens.ts';
import {forgetWebhookEvents} from '#db/webhook-events.ts';
import type {Logger} from './logger.ts';
import {REVOKED_TOKEN_HOURS} from './sync/revoked-tokens.ts';
import {expireUploads, removeOrphans, type SweepDeps} from './sync/sweep-files.ts';

const EVERY_MS = 60 * 60_000;
/** All files are gone through in the first round, and in each that is so many after. */
const ROUNDS_PER_SWEEP = 24;
/** Days an event of an outside service is remembered, far longer than any goes on delivering it. */
const WEBHOOK_EVENT_DAYS = 30;

export interface MaintenanceDeps {
  readonly service: SweepDeps;
  readonly log: Logger;
}

/** One round. */
export async function maintain({service, log}: MaintenanceDeps, signal?: AbortSignal): Promise<void> {
  const {pool} = service;
  const results = await forgetPushResults(pool, CHANGE_ID_DAYS);
  if (results > 0) log.info('old push results forgotten', {results});
  const decided = await forgetDecided(pool, QUARANTINE_DECIDED_DAYS);
  if (decided > 0) log.info('old kept changes forgotten', {decided});
  const events = await forgetWebhookEvents(pool, WEBHOOK_EVENT_DAYS);
  if (events > 0) log.info('old webhook events forgotten', {events});
  await forgetRevokedClaims(pool, REVOKED_TOKEN_HOURS);
  const uploads = await expireUploads(service, signal);
  if (uploads > 0) log.info('uploads that never came given up', {uploads});
}

/** Removes files that nothing needs any more. */
export async function sweepFiles({service, log}: MaintenanceDeps, signal?: AbortSignal): Promise<void> {
  const {removed, foreign} = await removeOrphans(service, signal);
  if (removed > 0) log.info('files that nothing named removed', {removed});
  if (foreign > 0) log.warn('files of tenants that are not of this database left alone', {foreign});
}

/** Answers what stops it. A round that fails is logged, and the next one makes up for it. */
export function startMaintenance(deps: MaintenanceDeps): () => Promise<void> {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let rounds = 0;
  const attempt = async (part: typeof maintain): Promise<void> => {
    try {
      await part(deps, stopping.signal);
    } catch (error) {
      deps.log.warn('maintenance failed', {}, error);
    }
  };
  const round = async (): Promise<void> => {
    await attempt(maintain);
    if (rounds++ % ROUNDS_PER_SWEEP === 0) await attempt(sweepFiles);
  };
  const timer = setInterval(() => {
    running = running.then(round);
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await running;
  };
}
