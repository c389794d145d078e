// What `fieldmerge` can be asked, in the order in which help lists it. arguments.ts reads a command line by it, run.ts
// carries it out.

export interface OptionSpec {
  /** What stands for the value; absent: the option has none. */
  readonly value?: string;
  readonly about: string;
}

export interface CommandSpec {
  readonly takes: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly about: string;
}

const yes: OptionSpec = {about: 'Do it without asking.'};

export const commands = {
  status: {
    takes: [],
    options: {},
    about:
      'Nodes, schema, epoch, replicas, tenants, outbox and kept changes. Exit code 1 if something needs a look.',
  },
  tenants: {takes: [], options: {}, about: 'Every tenant with its id.'},
  devices: {takes: ['TENANT'], options: {}, about: 'The devices of a tenant and whose they are.'},
  resync: {
    takes: ['TENANT'],
    options: {
      device: {value: 'ID', about: 'Only the member who uses this device, with all of their devices.'},
      yes,
    },
    about: 'Makes devices read everything again. What they have not sent yet stays theirs.',
  },
  requeue: {
    takes: ['TENANT'],
    options: {
      delivery: {value: 'ID', about: 'Only this message.'},
      state: {value: 'STATE', about: 'dead (the default), failed or unknown.'},
      yes,
    },
    about: 'Gives messages that were given up all their attempts again.',
  },
  verify: {takes: [], options: {}, about: 'Proves the whole database. Exit code 1 if anything differs.'},
  'rotate-keys': {takes: [], options: {}, about: "Brings every tenant's key under MASTER_KEY."},
  'new-epoch': {
    takes: [],
    options: {yes},
    about: 'After a backup was restored, before servers start: devices that saw more read everything again.',
  },
  'export-tenant': {
    takes: ['TENANT'],
    options: {
      to: {value: 'FILE', about: 'A new file. Absent: standard output.'},
      files: {value: 'FOLDER', about: 'Copies the files of attachments there.'},
    },
    about: 'All that a tenant has, as JSON lines, from one moment.',
  },
  'erase-tenant': {
    takes: ['TENANT'],
    options: {name: {value: 'NAME', about: "The tenant's name, to show that it is meant."}},
    about: 'Destroys its key, then everything of it. There is no way back.',
  },
  'export-person': {
    takes: ['PERSON'],
    options: {to: {value: 'FILE', about: 'A new file. Absent: standard output.'}},
    about: 'What is known of a person, as JSON lines. PERSON is a user id or an address.',
  },
  'erase-person': {
    takes: ['PERSON'],
    options: {yes},
    about: 'Replaces name and address, ends memberships and devices. Work that was done stays.',
  },
  token: {takes: ['ADDRESS'], options: {}, about: 'Development only: a token for somebody of that address.'},
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type CommandName = keyof typeof commands;

/** Options that every command has. */
export const commonOptions = {
  json: {about: 'Prints JSON instead of text.'},
  help: {about: 'Prints this.'},
} as const satisfies Readonly<Record<string, OptionSpec>>;

const usageOf = (name: string, {takes, options}: CommandSpec): string =>
  [
    name,
    ...takes,
    ...Object.entries(options).map(
      ([option, {value}]) => `[--${option}${value === undefined ? '' : ` ${value}`}]`,
    ),
  ].join(' ');

/** All commands, one with its options, or what is wrong with a name. */
export function helpText(name?: CommandName): string {
  if (name === undefined) {
    const rows = Object.entries<CommandSpec>(commands).map(([each, spec]) => [
      usageOf(each, spec),
      spec.about,
    ]);
    return [
      'fieldmerge COMMAND: works on the database of DATABASE_URL, or else the embedded one of DATA_DIR.',
      '',
      ...rows.flatMap(([usage = '', about = '']) => [`  ${usage}`, `      ${about}`]),
      '',
      'Exit codes: 0 done, 1 failed or something is wrong, 2 the command line is.',
    ].join('\n');
  }
  const spec: CommandSpec = commands[name];
  const options = Object.entries({...spec.options, ...commonOptions}).map(
    ([option, {about}]) => `  --${option.padEnd(10)} ${about}`,
  );
  return [`fieldmerge ${usageOf(name, spec)}`, spec.about, '', ...options].join('\n');
}
