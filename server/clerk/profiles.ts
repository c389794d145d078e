// Looks up what a token does not say of its user.
import type {Logger} from '../logger.ts';
import {createLookupCache} from '../sync/lookup-cache.ts';
import type {FindProfile, ProfileAnswer} from '../sync/users.ts';
import type {ClerkApi} from './clerk-api.ts';
import {LOOKUP_PAUSE_MS, PROFILE_KEPT_MS, PROFILES_CACHED_MAX} from './clerk-limits.ts';
import {clerkUser, profileOf} from './profile.ts';

export interface Profiles {
  readonly find: FindProfile;
  /** Clerk says that it changed. */
  readonly forget: (subject: string) => void;
}

interface Known {
  readonly subject: string;
  readonly answer: ProfileAnswer;
}

/**
 * After a look-up that got no answer none is made for a while, for whomever: a Clerk that is away costs one request
 * in that time, and nobody waits for it. now: ms since epoch.
 */
export function createProfiles({api, log, now}: {api: ClerkApi; log: Logger; now: () => number}): Profiles {
  const cache = createLookupCache<Known>({
    max: PROFILES_CACHED_MAX,
    keptMs: PROFILE_KEPT_MS,
    now,
    isKept: ({answer}) => answer.kind !== 'unavailable',
  });
  let pausedUntilMs = 0;

  const load = async (subject: string): Promise<ProfileAnswer> => {
    if (now() < pausedUntilMs) return {kind: 'unavailable'};
    const answer = await api.ask(async ({users}) => clerkUser.parse((await users.getUser(subject)).raw));
    if (answer.ok) return {kind: 'found', profile: profileOf(answer.value)};
    const {failure, status, code, retryAfterMs = 0} = answer;
    if (failure === 'gone') return {kind: 'unknown'};
    pausedUntilMs = Math.max(pausedUntilMs, now() + Math.max(LOOKUP_PAUSE_MS, retryAfterMs));
    log[failure === 'denied' ? 'error' : 'warn']('Clerk did not look up a user', {
      failure,
      status,
      clerkCode: code,
    });
    return {kind: 'unavailable'};
  };

  return {
    find: async (subject) => {
      const {answer} = await cache.get(subject, async () => ({subject, answer: await load(subject)}));
      return answer;
    },
    forget: (subject) => cache.forget((known) => known.subject === subject),
  };
}
