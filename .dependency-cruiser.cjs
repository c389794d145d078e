// Who may import whom. docs/architecture.md prints this table.
/** @type {(name: string, comment: string, from: object, to: object) => object} */
const never = (name, comment, from, to) => ({name, comment, severity: 'error', from, to});

module.exports = {
  forbidden: [
    never('no-circular', 'A cycle cannot be read from any end.', {}, {circular: true}),
    never(
      'crdt-is-pure',
      'crdt runs on devices: no database, server or Node.',
      {path: '^crdt/', pathNot: '\\.test\\.ts$'},
      {path: '^(db|server|client|console|bench|scripts|test)/'},
    ),
    never(
      'crdt-without-node',
      'crdt runs on devices.',
      {path: '^crdt/', pathNot: '\\.test\\.ts$'},
      {dependencyTypes: ['core']},
    ),
    never(
      'db-knows-crdt-only',
      'Queries do not reach up.',
      {path: '^db/', pathNot: '\\.test\\.ts$'},
      {path: '^(server|client|console|bench|scripts|test)/'},
    ),
    never(
      'edges-without-db',
      'REST and live speak to the use cases, not to tables.',
      {path: '^server/(rest|live)/', pathNot: '\\.test\\.ts$'},
      {path: '^db/'},
    ),
    never(
      'sync-knows-no-transport',
      'Use cases do not know how they are called.',
      {path: '^server/sync/', pathNot: '\\.test\\.ts$'},
      {path: '^server/(rest|live)/|node_modules/(hono|ws|uWebSockets)'},
    ),
    never(
      'edges-apart',
      'REST and live do not know each other.',
      {path: '^server/rest/', pathNot: '\\.test\\.ts$'},
      {path: '^server/live/'},
    ),
    never(
      'live-apart',
      'REST and live do not know each other.',
      {path: '^server/live/', pathNot: '\\.test\\.ts$'},
      {path: '^server/rest/'},
    ),
    never(
      'nothing-imports-the-outside',
      'Tests, benches and scripts are leaves.',
      {path: '^(crdt|db|server)/', pathNot: '\\.test\\.ts$'},
      {path: '^(test|bench|scripts)/'},
    ),
    never('no-orphan-packages', 'Only declared packages.', {}, {couldNotResolve: true}),
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    exclude: {path: '(^|/)node_modules/|bench/peers/'},
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'tsconfig.json'},
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
