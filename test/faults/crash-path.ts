// The points that a change comes to, in order, for each way of committing it. Written down, and held against what a real
// change comes to: a statement that is added to the commit is a point that is tried, or a test is red.
import type {Way} from './crash-scene.ts';

/** Statements that travel together: all are sent before the first is answered. */
const together = (...statements: readonly string[]): string[] => [
  ...statements.map((statement) => `before ${statement}`),
  ...statements.map((statement) => `after ${statement}`),
];

// The guard has run by the first of these where records are cached, and by `before the group` where they are not.
const taken = ['connection asked for', 'connection taken'];
const told = ['committed', 'fanned out', 'before the answer', 'after the answer'];

const locked = (...asked: readonly string[]): string[] => [
  ...taken,
  ...together('BEGIN', 'lock_records', ...asked, 'read_access', 'find_granted'),
  ...together('the group'),
  ...together('access_changes'),
  ...together('append_audit', 'save_access_events'),
  ...together('COMMIT'),
];

const paths: Readonly<Record<Way, readonly string[]>> = {
  'live, at once': ['parsed', ...taken, ...together('the group with its COMMIT'), ...told],
  'live, locked': ['parsed', ...locked(), ...told],
  'REST, locked': ['parsed', ...locked('find_push_results'), ...told],
};

export const pathOf = (way: Way): readonly string[] => paths[way];
