// What has to be forgotten now and then. Every node does it; doing it twice costs nothing.
import type pg from 'pg';
import {CHANGE_ID_DAYS, QUARANTINE_DECIDED_DAYS} from '#crdt/protocol/limits.ts';
import {forgetPushResults} from '#db/push-results.ts';
import {forgetDecided} from '#db/quarantine.ts';
import {forgetRevokedClaims} from '#db/revoked-tokens.ts';
import {forgetWebhookEvents} from '#db/webhook-events.ts';
import type {Logger} from './logger.ts';
import {REVOKED_TOKEN_HOURS} from './sync/revoked-tokens.ts';

const EVERY_MS = 60 * 60_000;
/** Days an event of an outside service is remembered, far longer than any goes on delivering it. */
const WEBHOOK_EVENT_DAYS = 30;

/** One round. */
export async function maintain({pool, log}: {pool: pg.Pool; log: Logger}): Promise<void> {
  const results = await forgetPushResults(pool, CHANGE_ID_DAYS);
  if (results > 0) log.info('old push results forgotten', {results});
  const decided = await forgetDecided(pool, QUARANTINE_DECIDED_DAYS);
  if (decided > 0) log.info('old kept changes forgotten', {decided});
  const events = await forgetWebhookEvents(pool, WEBHOOK_EVENT_DAYS);
  if (events > 0) log.info('old webhook events forgotten', {events});
  await forgetRevokedClaims(pool, REVOKED_TOKEN_HOURS);
}

/** Answers what stops it. A round that fails is logged, and the next one makes up for it. */
export function startMaintenance({pool, log}: {pool: pg.Pool; log: Logger}): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    try {
      await maintain({pool, log});
    } catch (error) {
      log.warn('maintenance failed', {}, error);
    }
  };
  const timer = setInterval(() => {
    running = round();
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
