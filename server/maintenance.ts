// What has to be forgotten now and then. Every node does it; doing it twice costs nothing.
import type pg from 'pg';
import {CHANGE_ID_DAYS} from '#crdt/protocol/limits.ts';
import {forgetPushResults} from '#db/push-results.ts';
import type {Logger} from './logger.ts';

const EVERY_MS = 60 * 60_000;

/** Answers what stops it. A round that fails is logged, and the next one makes up for it. */
export function startMaintenance({pool, log}: {pool: pg.Pool; log: Logger}): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    try {
      const forgotten = await forgetPushResults(pool, CHANGE_ID_DAYS);
      if (forgotten > 0) log.info('old push results forgotten', {results: forgotten});
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
