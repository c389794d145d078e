// Mutants of the feed and of cursors that are no different from the code.
import type {Equivalent} from './equivalent.ts';

export const equivalentsOfFeed: readonly Equivalent[] = [
  {
    file: 'server/sync/feed.ts',
    code: '!canSee(member, key.entity)',
    mutant: 'false',
    reason: 'of every entity there is today employees see some records, so `canSee` always says yes',
  },
  {
    file: 'server/sync/since.ts',
    code: "!since.startsWith('c')",
    mutant: 'false',
    reason: 'a shortcut: reading it as a cursor refuses it with the same code',
  },
  {
    file: 'db/feed.ts',
    code: 'body === null',
    mutant: 'false',
    onLine: 'throw new Error',
    reason: 'an assertion: the column is NOT NULL',
  },
];
