// SIGTERM and SIGINT end the process in order, whenever they come. main.ts calls it before anything is started.
import type {Logger} from './logger.ts';
import type {RunningServer} from './start.ts';

/**
 * Milliseconds from the signal to the end of the process, however it goes. Above what letting devices go takes, and below
 * the time after which a host kills: `kill_timeout` of fly.toml, `terminationGracePeriodSeconds` elsewhere.
 */
export const STOP_MS_MAX = 50_000;

export interface StopDeps {
  readonly log: Logger;
  /** Ends the process. */
  readonly exit?: (code: number) => void;
  readonly stopMsMax?: number;
}

/**
 * Exit code 0, or 1 if something did not close or not in time. A signal during the start waits for its end. Further
 * signals change nothing: a terminal sends SIGINT to npm and to the server, and npm passes it on once more.
 */
export function stopOnSignal(
  starting: Promise<Pick<RunningServer, 'stop'>>,
  {log, exit = (code) => process.exit(code), stopMsMax = STOP_MS_MAX}: StopDeps,
): void {
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    log.info('stopping', {signal});
    setTimeout(() => {
      log.error('the server did not stop in time', {});
      exit(1);
    }, stopMsMax).unref();
    starting
      .then((server) => server.stop())
      .then(
        () => {
          log.info('stopped', {});
          exit(0);
        },
        (error: unknown) => {
          log.error('the server did not stop cleanly', {}, error);
          exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
