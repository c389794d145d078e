// `npm run rotate-keys`: brings every tenant's key under MASTER_KEY, opening those under one of MASTER_KEYS_OLD. Prints
// JSON lines, one per tenant and a summary. Exit code 1 if a key could not be opened; the others are rotated then.
// docs/security.md says in which order servers and this command are run.
import {withCommandDatabase} from './command-database.ts';
import {readConfig} from './config.ts';
import {openKeyring} from './keyring.ts';
import {rotateKeys, type RotationReport} from './sync/key-rotation.ts';

const explain = ({failed, neededMasterKeyIds}: RotationReport): string =>
  `${failed} ${failed === 1 ? 'key' : 'keys'} could not be opened and stay as they are. They are under master keys with ` +
  `the ids ${neededMasterKeyIds.join(', ')}. Add those to MASTER_KEYS_OLD and run this again. A key that fails although ` +
  'its master key is given was altered in the database.';

const result = readConfig();
try {
  if (!result.ok) throw new Error(`The configuration is not usable:\n${result.faults.join('\n')}`);
  const {config} = result;
  if (config.masterKeys === undefined) throw new Error('MASTER_KEY must be set: it is the key to rotate to.');
  const keyring = await openKeyring(config);
  const report = await withCommandDatabase(config, {name: 'rotate-keys', note: console.error}, (pool) =>
    rotateKeys({pool, keyring, onStep: (step) => console.log(JSON.stringify(step))}),
  );
  console.log(JSON.stringify({kind: 'summary', ...report}));
  if (report.failed > 0) {
    console.error(explain(report));
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
