// Who a verified token speaks for, as one of our users. The first token of a subject makes its user.
import type pg from 'pg';
import {isStorableString} from '#crdt/json.ts';
import type {UserId} from '#crdt/protocol/ids.ts';
import {findUser, saveUser} from '#db/users.ts';
import {createLookupCache} from './lookup-cache.ts';

const USERS_CACHED_MAX = 10_000;
const USER_KEPT_MS = 60_000;

/** What a verified token says of its user. */
export interface UserClaims {
  /** The issuer's id of the user. */
  readonly subject: string;
  readonly email?: string;
  /** The issuer has proved that the user owns `email`. */
  readonly emailVerified: boolean;
  readonly name?: string;
}

/** The same, asked of the issuer, for tokens that do not say it. */
export type UserProfile = Omit<UserClaims, 'subject'>;

/** `unknown`: the issuer has no such user. `unavailable`: it cannot be asked now. */
export type ProfileAnswer =
  | {readonly kind: 'found'; readonly profile: UserProfile}
  | {readonly kind: 'unknown'}
  | {readonly kind: 'unavailable'};

/** Asks the issuer. Never rejects, and answers soon. */
export type FindProfile = (subject: string) => Promise<ProfileAnswer>;

export interface User {
  readonly id: UserId;
  /** Lower case. */
  readonly email: string | null;
  /** Never true of an address that only our own table knows. */
  readonly emailVerified: boolean;
  readonly name: string | null;
}

export interface Users {
  /** `email` and `name` of the claims replace what was known. A user at rest costs a query a minute. */
  resolveUser(claims: UserClaims): Promise<User>;
  /** After the issuer told something new of the user. */
  forgetUser(id: UserId): void;
}

interface Resolved {
  readonly user: User;
  /** False: the issuer could not be asked, so it is asked again next time. */
  readonly isWhole: boolean;
}

export const normalizeText = (text: string | undefined): string | null =>
  text !== undefined && text.trim() !== '' && isStorableString(text) ? text.trim() : null;

/** Addresses are compared whole in lower case: two people whose addresses differ by case alone are not met. */
export const normalizeAddress = (email: string | undefined): string | null =>
  normalizeText(email)?.toLowerCase() ?? null;

/**
 * findProfile: called only for tokens without an email, once per user while it is cached. Where the issuer cannot be
 * asked a user is what our own table knows. now: ms since epoch.
 */
export function createUsers(deps: {
  pool: pg.Pool;
  now: () => number;
  findProfile?: FindProfile | undefined;
}): Users {
  const {pool, now, findProfile} = deps;
  const cache = createLookupCache<Resolved>({
    max: USERS_CACHED_MAX,
    keptMs: USER_KEPT_MS,
    now,
    isKept: ({isWhole}) => isWhole,
  });

  /** Absent members leave what is known. */
  const save = async (
    subject: string,
    said: {email: string | undefined; emailVerified: boolean; name: string | undefined},
  ): Promise<User> => {
    const known = await findUser(pool, subject);
    const [email, name] = [normalizeAddress(said.email), normalizeText(said.name)];
    const isNews =
      known === undefined ||
      (email !== null && email !== known.email) ||
      (name !== null && name !== known.name);
    const row = isNews ? await saveUser(pool, {subject, email, name}) : known;
    return {...row, emailVerified: email !== null && said.emailVerified};
  };

  const load = async (claims: UserClaims): Promise<Resolved> => {
    const {subject, email, emailVerified, name} = claims;
    if (email !== undefined) return {user: await save(subject, {email, emailVerified, name}), isWhole: true};
    const answer = (await findProfile?.(subject)) ?? {kind: 'unknown'};
    const profile = answer.kind === 'found' ? answer.profile : undefined;
    const user = await save(subject, {
      email: profile?.email,
      emailVerified: profile?.emailVerified ?? false,
      name: name ?? profile?.name,
    });
    return {user, isWhole: answer.kind !== 'unavailable'};
  };

  return {
    async resolveUser(claims) {
      // The claims are part of the key: a token that says something new is a lookup of its own.
      const key = JSON.stringify([claims.subject, claims.email, claims.emailVerified, claims.name]);
      return (await cache.get(key, () => load(claims))).user;
    },
    forgetUser: (id) => cache.forget(({user}) => user.id === id),
  };
}
