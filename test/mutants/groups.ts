// What `npm run test:mutants` changes, one place at a time, and which tests must notice. A group is what one set of
// tests can answer for; all of them together take long, so they run by command and not with `npm run check`.

export interface MutantGroup {
  readonly name: string;
  /** The files whose code is changed. */
  readonly changed: readonly string[];
  /** In the order in which they run. */
  readonly tests: readonly string[];
  readonly needsPostgres: boolean;
  /** Of so many mutants one is tried. */
  readonly oneIn: number;
}

export const mutantGroups: readonly MutantGroup[] = [
  {
    name: 'crdt',
    changed: [
      'crdt/by-clock.ts',
      'crdt/guard.ts',
      'crdt/guard-deletes.ts',
      'crdt/guard-fork.ts',
      'crdt/guard-order.ts',
      'crdt/guard-parents.ts',
      'crdt/layout.ts',
      'crdt/overwrite.ts',
      'crdt/apply-change.ts',
      'crdt/apply-json.ts',
      'crdt/apply-restore.ts',
      'crdt/apply-server.ts',
      'crdt/apply-update.ts',
      'crdt/apply-values.ts',
      'crdt/creation.ts',
    ],
    tests: [
      'crdt/overwrite.test.ts',
      'crdt/guard.test.ts',
      'crdt/guard-clocks.test.ts',
      'crdt/guard-parents.test.ts',
      'crdt/guard-fork.test.ts',
      'crdt/guard-deletes.test.ts',
      'crdt/map-delete.test.ts',
      'crdt/apply-json.test.ts',
      'crdt/apply-values.test.ts',
      'crdt/apply-server.test.ts',
      'crdt/apply-restore.test.ts',
      'crdt/apply-update.test.ts',
      'crdt/guard-order.test.ts',
      'crdt/layout.test.ts',
      'crdt/refused-text.test.ts',
      'test/model/bites.test.ts',
      'test/model/found.model.test.ts',
      'test/model/merge.model.test.ts',
    ],
    needsPostgres: false,
    oneIn: 1,
  },
  {
    name: 'lane',
    changed: [
      'server/sync/lane.ts',
      'server/sync/lane-access.ts',
      'server/sync/flush-group.ts',
      'server/sync/decide-group.ts',
      'server/sync/receipts.ts',
      'server/sync/write-decided.ts',
    ],
    tests: [
      'server/sync/receipts.test.ts',
      'server/sync/decide-group.test.ts',
      'server/sync/lane-access.test.ts',
      'server/sync/committed.pg.test.ts',
      'server/sync/lane-access.pg.test.ts',
      'server/sync/lane-load.pg.test.ts',
      'server/sync/lane-refusals.pg.test.ts',
      'server/sync/lane-redelivery.pg.test.ts',
      'server/sync/lane-preconditions.pg.test.ts',
      'server/sync/lane-nodes.pg.test.ts',
      'server/sync/lane-generations.pg.test.ts',
      'server/sync/lane-faults.pg.test.ts',
      'server/sync/lane.pg.test.ts',
      'server/sync/lane-rows.pg.test.ts',
    ],
    needsPostgres: true,
    // A test of the lane takes a second, and a lane that stands still is found by waiting.
    oneIn: 3,
  },
  {
    name: 'feed',
    changed: ['server/sync/feed.ts', 'server/sync/cursor.ts', 'server/sync/since.ts', 'db/feed.ts'],
    tests: [
      'server/sync/cursor.test.ts',
      'server/sync/since.test.ts',
      'server/sync/feed.pg.test.ts',
      'db/feed.pg.test.ts',
      'server/rest/sync.pg.test.ts',
      'test/scope/reassign.pg.test.ts',
      'server/rest/app.pg.test.ts',
    ],
    needsPostgres: true,
    oneIn: 1,
  },
];

/** How much the random tests do per mutant: enough to meet every rule, with the same seeds for each. */
export const testSettings: Readonly<Record<string, string>> = {
  MODEL_RUNS: '40',
  MODEL_SEED: '2026',
};
