// `fieldmerge verify` and `fieldmerge rotate-keys`. docs/security.md says in which order servers and the second are run.
import {rotateKeys as rotate, type RotationReport} from '../sync/key-rotation.ts';
import {verifyDatabase, type VerifyReport} from '../sync/verify.ts';
import {good, type Command} from './outcome.ts';

function describeProof({tenants, records, changes, conflicts, faults}: VerifyReport): string {
  const lines = faults.map(
    ({tenantId, place, message}) => `DIFFERS  tenant ${tenantId}  ${place}  ${message}`,
  );
  const counts = `${tenants} tenants, ${records} records, ${changes} log rows, ${conflicts} conflicts`;
  return [
    ...lines,
    faults.length === 0 ? `verified: ${counts}` : `${faults.length} faults in ${counts}`,
  ].join('\n');
}

export const verify: Command = async ({pool, openKeyring}) => {
  const report = await verifyDatabase({pool, keyring: await openKeyring()});
  return {json: report, text: describeProof(report), isGood: report.faults.length === 0};
};

const explain = ({failed, neededMasterKeyIds}: RotationReport): string =>
  `${failed} ${failed === 1 ? 'key' : 'keys'} could not be opened and stay as they are. They are under master keys with ` +
  `the ids ${neededMasterKeyIds.join(', ')}. Add those to MASTER_KEYS_OLD and run this again. A key that fails although ` +
  'its master key is given was altered in the database, or its tenant is being erased.';

/** Says each step as a JSON line while it goes on, so that what was done is known wherever it stops. */
export const rotateKeys: Command = async ({pool, openKeyring, say, tell}) => {
  const keyring = await openKeyring();
  const report = await rotate({pool, keyring, onStep: (step) => say(JSON.stringify(step))});
  say(JSON.stringify({kind: 'summary', ...report}));
  if (report.failed === 0) return good(undefined, '');
  tell(explain(report));
  return {json: undefined, text: '', isGood: false};
};
