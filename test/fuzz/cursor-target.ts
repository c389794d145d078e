// Cursors of every list, as anybody may invent them: read as what the server wrote, or refused with a code.
import {tasks} from '#crdt/entities/tasks.ts';
import {listSorts} from '#crdt/entities/list-filters.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createCursors} from '#server/sync/cursor.ts';
import {readPlace} from '#server/sync/list-place.ts';
import type {Member} from '#server/sync/members.ts';
import {readRecordCursor, writeRecordCursor} from '#server/sync/record-cursor.ts';
import {createSeeds, damagedSeed} from './damage.ts';
import {demand, type Target, type Verdict} from './target.ts';

const id = '55555555-5555-4555-8555-555555555555';
const member = (number: number): Member => ({
  tenantId: `11111111-1111-4111-8111-11111111111${number}` as TenantId,
  membershipId: `22222222-2222-4222-8222-22222222222${number}`,
  roleVersion: number,
  userId: id as Member['userId'],
  deviceId: id as Member['deviceId'],
  role: 'manager',
  employeeId: null,
  accessVersion: 1,
});
const [owner, stranger] = [member(1), member(2)] as const;
const cursors = createCursors('an epoch');
const list = 'AbCdEfGhIjKl';
const sorts = [...listSorts(tasks).values()];
const LOG = sorts.find(({kind}) => kind === 'log')!;

const honest = [
  ...[0, 1, 35, 36, 1e6, 2 ** 40, Number.MAX_SAFE_INTEGER].map((seq) => cursors.write(owner, seq)),
  cursors.write(stranger, 7),
  'p1.mgl3p4r8.55555555-5555-4555-8555-555555555555',
  ...['2026-03-01T08:00:00.000Z', '42', 'A name', null].map((key) =>
    writeRecordCursor(cursors, owner, {list, place: {asOf: 9, key, id}}),
  ),
];

const codes: ReadonlySet<string> = new Set(['bad_cursor', 'resync']);

/** Null where it is refused as a cursor may be. Anything else that is thrown passes. */
function unlessRefused<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyncError && codes.has(error.code)) return null;
    throw error;
  }
}

export const cursorTexts: Target = {
  name: 'cursors',
  isPure: true,
  begin(random) {
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();
    const seeds = createSeeds(
      honest.map((text) => encoder.encode(text)),
      random,
    );
    return {
      make: () => damagedSeed(seeds, random),
      offer(input): Verdict {
        const text = decoder.decode(input);
        // Chosen by the input, so that the same input is the same question.
        const sort = sorts[input.length % sorts.length]!;
        const position = unlessRefused(() => cursors.read(owner, text));
        const peeked = cursors.peek(owner.tenantId, text);
        const place = unlessRefused(() => readPlace(text));
        const record = unlessRefused(() => readRecordCursor(cursors, owner, {text, list, sort}));
        const word = `${position !== null} ${peeked !== null} ${place !== null} ${record !== null}`;
        seeds.note(input, word);
        const verify = (): void => {
          if (position !== null) demandOwn(text, position);
          if (place !== null) demand(!Number.isNaN(place.createdAt.getTime()), 'a place is at no time');
          if (record !== null)
            demand(
              Number.isSafeInteger(record.asOf) && (record.key !== null || sort !== LOG),
              'a place is nowhere',
            );
        };
        return {accepted: position !== null || place !== null || record !== null, word, verify};
      },
      finish: () => undefined,
    };
  },
};

/** The position of somebody else's list would show them what they have not. */
function demandOwn(text: string, position: number): void {
  demand(Number.isSafeInteger(position) && position >= 0, 'a cursor stands for no position');
  const written = cursors.write(owner, position);
  demand(cursors.read(owner, written) === position, 'a position does not come back');
  demand(
    text.slice(0, text.lastIndexOf('.')) === written.slice(0, written.lastIndexOf('.')),
    'a foreign cursor was taken',
  );
}
