// Carries out one command of `fieldmerge` and answers its exit code. server/fieldmerge-command.ts is the process.
import {createInterface} from 'node:readline/promises';
import type {Keyring} from '#db/cipher.ts';
import {createTenantKeys, type TenantKeys} from '#db/tenant-keys.ts';
import {openDevelopmentIssuer} from '../auth/development-issuer.ts';
import {withCommandDatabase} from '../command-database.ts';
import type {Config} from '../config.ts';
import {openFileStore, type OpenedStore} from '../files/open-store.ts';
import {openKeyring} from '../keyring.ts';
import type {Asked} from './arguments.ts';
import type {CommandName} from './commands.ts';
import {erasePerson} from './erase-person.ts';
import {eraseTenant} from './erase-tenant.ts';
import {exportPerson} from './export-person.ts';
import {exportTenant} from './export-tenant.ts';
import {forceResync, renewEpoch} from './force-resync.ts';
import {listDevices} from './list-devices.ts';
import {CommandError, type Command, type Outcome} from './outcome.ts';
import {rotateKeys, verify} from './prove.ts';
import {requeue} from './requeue.ts';
import {listTenants, showStatus} from './show-status.ts';

/** All but those that need no database. */
export const commandsByName: Readonly<Record<Exclude<CommandName, 'token'>, Command>> = {
  status: showStatus,
  tenants: listTenants,
  devices: listDevices,
  resync: forceResync,
  requeue,
  verify,
  'rotate-keys': rotateKeys,
  'new-epoch': renewEpoch,
  'export-tenant': exportTenant,
  'erase-tenant': eraseTenant,
  'export-person': exportPerson,
  'erase-person': erasePerson,
};

export interface Console {
  /** Standard output and standard error, a line each time. */
  readonly say: (line: string) => void;
  readonly tell: (line: string) => void;
  /** Undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Throws CommandError for what cannot be done as it was asked. */
export async function runCommand(config: Config, asked: Asked, terminal: Console): Promise<0 | 1> {
  const {name, isJson} = asked;
  const outcome =
    name === 'token' ? await issueToken(config, asked) : await runOnDatabase(config, {asked, name, terminal});
  if (isJson && outcome.json !== undefined) terminal.say(JSON.stringify(outcome.json));
  if (!isJson && outcome.text !== '') terminal.say(outcome.text);
  return outcome.isGood ? 0 : 1;
}

async function runOnDatabase(
  config: Config,
  {asked, name, terminal}: {asked: Asked; name: Exclude<CommandName, 'token'>; terminal: Console},
): Promise<Outcome> {
  if (name === 'rotate-keys' && config.masterKeys === undefined)
    throw new CommandError('MASTER_KEY must be set: it is the key to rotate to.');
  return withCommandDatabase(config, {name, note: terminal.tell}, async (pool) => {
    let keyring: Promise<Keyring> | undefined;
    const openOnce = (): Promise<Keyring> => (keyring ??= openKeyring(config));
    let keys: TenantKeys | undefined;
    const cipherOf: TenantKeys['cipherOf'] = async (tenantId) => {
      keys ??= createTenantKeys({pool, keyring: await openOnce()});
      return keys.cipherOf(tenantId);
    };
    let files: OpenedStore | undefined;
    const openFiles = (): OpenedStore => (files ??= openFileStore(config, {cipherOf, now: Date.now}));
    try {
      const {say, tell} = terminal;
      const confirm = confirmBy(terminal, asked);
      return await commandsByName[name](
        {pool, openKeyring: openOnce, cipherOf, openFiles, now: Date.now, say, tell, confirm},
        asked,
      );
    } finally {
      files?.close?.();
    }
  });
}

/** What was said on the command line counts; else somebody is asked, if anybody is there. */
function confirmBy({ask}: Console, {isYes, values}: Asked) {
  return async (question: string, expected?: string): Promise<void> => {
    const said = expected === undefined ? (isYes ? 'yes' : undefined) : values.name;
    const answer = said ?? (await ask?.(`${question} `));
    const wanted = expected ?? 'yes';
    if (answer === wanted) return;
    const how = expected === undefined ? '--yes' : '--name with exactly its name';
    throw new CommandError(`Nothing was done. ${answer === undefined ? 'It needs' : 'It needed'} ${how}.`);
  };
}

/** For a terminal. */
export async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({input: process.stdin, output: process.stderr});
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

/**
 * For somebody of an address, signed by the development issuer of DATA_DIR, so that one person can try the system as
 * several. With Clerk configured there is no such issuer.
 */
async function issueToken({auth, dataDir}: Config, {subject: email}: Asked): Promise<Outcome> {
  if (auth.kind !== 'development')
    throw new CommandError('Clerk signs the tokens here: sign in there to get one.');
  if (!ADDRESS.test(email)) throw new CommandError(`${email} is no address, such as ana@example.com.`);
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const [name = email] = email.split('@', 1);
  const token = await issuer.issue({subject: `development_${email}`, email, name});
  return {json: {token}, text: token, isGood: true};
}
