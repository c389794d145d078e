// Reads the command line of `fieldmerge`. Pure: what is wrong is answered as a sentence.
import {parseArgs} from 'node:util';
import {isUuid, type TenantId} from '#crdt/protocol/ids.ts';
import {commands, commonOptions, type CommandName, type CommandSpec, type OptionSpec} from './commands.ts';

/** Options that have no value are there or not. */
export interface Asked {
  readonly name: CommandName;
  /** What stands after the name; '' where the command takes nothing. */
  readonly subject: string;
  readonly values: Readonly<
    Partial<Record<'device' | 'delivery' | 'state' | 'to' | 'files' | 'name', string>>
  >;
  readonly isYes: boolean;
  readonly isJson: boolean;
}

export type ReadArguments =
  | {readonly kind: 'command'; readonly asked: Asked}
  | {readonly kind: 'help'; readonly name: CommandName | undefined}
  | {readonly kind: 'wrong'; readonly message: string};

const wrong = (message: string): ReadArguments => ({kind: 'wrong', message});
const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

export function readArguments(args: readonly string[]): ReadArguments {
  const [name = 'help', ...rest] = args;
  if (name === 'help' || name === '--help') {
    const [about] = rest;
    return {kind: 'help', name: about !== undefined && isCommand(about) ? about : undefined};
  }
  if (!isCommand(name)) return wrong(`There is no command ${name}. fieldmerge help lists them.`);
  const spec: CommandSpec = commands[name];
  const options = Object.entries<OptionSpec>({...spec.options, ...commonOptions}).map(([option, {value}]) => [
    option,
    {type: value === undefined ? ('boolean' as const) : ('string' as const)},
  ]);
  try {
    const {values, positionals} = parseArgs({
      args: rest,
      allowPositionals: true,
      options: Object.fromEntries(options) as Record<string, {type: 'boolean' | 'string'}>,
    });
    if (values['help'] === true) return {kind: 'help', name};
    return readCommand(name, {spec, values, positionals});
  } catch (error) {
    // Its messages quote the option, and say what to do about a value that begins with a dash.
    const said = error instanceof Error ? error.message : String(error);
    return wrong(`${said.split('. ')[0] ?? ''}. See: fieldmerge ${name} --help`);
  }
}

const uuidSubjects = new Set(['TENANT']);
const uuidOptions = new Set(['device', 'delivery']);

function readCommand(
  name: CommandName,
  {
    spec,
    values,
    positionals,
  }: {
    spec: CommandSpec;
    values: Readonly<Record<string, string | boolean | undefined>>;
    positionals: readonly string[];
  },
): ReadArguments {
  const [what] = spec.takes;
  const [subject = ''] = positionals;
  if (positionals.length < spec.takes.length) return wrong(`fieldmerge ${name} needs ${what ?? ''}.`);
  if (positionals.length > spec.takes.length)
    return wrong(`fieldmerge ${name} does not know what to do with ${positionals.at(-1) ?? ''}.`);
  if (what !== undefined && uuidSubjects.has(what) && !isUuid(subject))
    return wrong(`${what} must be an id, such as fieldmerge tenants lists them.`);
  const texts = Object.entries(values).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  for (const [option, text] of texts)
    if (uuidOptions.has(option) && !isUuid(text)) return wrong(`--${option} must be an id.`);
  return {
    kind: 'command',
    asked: {
      name,
      subject,
      values: Object.fromEntries(texts),
      isYes: values['yes'] === true,
      isJson: values['json'] === true,
    },
  };
}

/** Of a command that takes one: readArguments has looked at it. */
export const tenantOf = ({subject}: Asked): TenantId => subject as TenantId;
