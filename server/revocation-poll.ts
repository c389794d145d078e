// Asks again and again which sign-ins the issuer has ended, on every node: so none serves one for longer than
// POLL_MS and a query, whoever took the webhook.
import type {Logger} from './logger.ts';
import type {RevokedTokens} from './sync/revoked-tokens.ts';

const POLL_MS = 400;

/** Answers what stops it. A round that fails is logged once until one succeeds. */
export function startRevocationPoll({
  revokedTokens,
  log,
}: {
  revokedTokens: Pick<RevokedTokens, 'refresh'>;
  log: Logger;
}): () => Promise<void> {
  let isFailing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const round = async (): Promise<void> => {
    try {
      await revokedTokens.refresh();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn('revoked sign-ins could not be read', {}, error);
      isFailing = true;
    }
    if (!isStopped) schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      running = round();
    }, POLL_MS);
    timer.unref();
  };
  schedule();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}
