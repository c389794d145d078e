// The master keys of this server, from its configuration. start.ts and the commands open them.
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {createKeyring, type Keyring} from '#db/cipher.ts';
import type {Config} from './config.ts';
import {readOrMakeSecret} from './secret-file.ts';

/** Without MASTER_KEY (never in production) a key is made once and kept beside the data. */
export async function openKeyring({
  masterKeys,
  dataDir,
}: Pick<Config, 'masterKeys' | 'dataDir'>): Promise<Keyring> {
  if (masterKeys !== undefined) return createKeyring({current: masterKeys.current, old: [...masterKeys.old]});
  const text = await readOrMakeSecret(join(dataDir, 'development-master-key'), () =>
    randomBytes(32).toString('base64'),
  );
  return createKeyring({current: Buffer.from(text, 'base64')});
}
