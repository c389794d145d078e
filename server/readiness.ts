// Whether requests belong here, for load balancers that ask /readyz. It says what is so now: a server is not ready
// because it once was.
import type {LaneLoad} from './sync/lane.ts';

/** Why requests do not belong here. */
export type Unready = 'draining' | 'database' | 'migrations' | 'lanes';

/** Milliseconds for the database to answer, below what load balancers wait for an answer of ours. */
const ANSWER_MS_MAX = 2_000;
/**
 * Milliseconds in which some lane answers a group while any has one. Above what a lane spends on a statement that is
 * not answered. One tenant's lane that is stuck among others does not count: its tenant is no better off elsewhere.
 */
export const LANES_QUIET_MS_MAX = 45_000;

export interface ReadinessDeps {
  readonly isDraining: () => boolean;
  /** Rejects when the database cannot be reached. */
  readonly isMigrated: () => Promise<boolean>;
  readonly laneLoad: () => Pick<LaneLoad, 'quietMs'>;
  readonly answerMsMax?: number;
}

/** Answers null when ready. However many ask at once, the database is asked once. */
export function createReadiness(deps: ReadinessDeps): () => Promise<Unready | null> {
  const {isDraining, isMigrated, laneLoad, answerMsMax = ANSWER_MS_MAX} = deps;
  let asking: Promise<Unready | null> | null = null;
  const askDatabase = async (): Promise<Unready | null> => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<Unready>((resolve) => {
      timer = setTimeout(resolve, answerMsMax, 'database');
    });
    const answered = isMigrated().then(
      (migrated) => (migrated ? null : ('migrations' as const)),
      () => 'database' as const,
    );
    return Promise.race([answered, tooLong]).finally(() => clearTimeout(timer));
  };
  return async () => {
    if (isDraining()) return 'draining';
    if (laneLoad().quietMs > LANES_QUIET_MS_MAX) return 'lanes';
    asking ??= askDatabase().finally(() => {
      asking = null;
    });
    const answer = await asking;
    return isDraining() ? 'draining' : answer;
  };
}

/** For people. */
export const unreadyText: Readonly<Record<Unready, string>> = {
  draining: 'The server is being stopped.',
  database: 'The database does not answer.',
  migrations: 'The database is not migrated to what this version needs.',
  lanes: 'Nothing has been committed for a while, although changes wait.',
};
