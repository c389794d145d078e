// `npm run verify`: proves the database of DATABASE_URL, or else the embedded one of DATA_DIR, and says what it
// found. Exit code 1 if anything differs.
import {withCommandDatabase} from './command-database.ts';
import {readConfig, type Config} from './config.ts';
import {openKeyring} from './keyring.ts';
import {verifyDatabase, type VerifyReport} from './sync/verify.ts';

function describe({tenants, records, changes, conflicts, faults}: VerifyReport): string {
  const lines = faults.map(
    ({tenantId, place, message}) => `DIFFERS  tenant ${tenantId}  ${place}  ${message}`,
  );
  const counts = `${tenants} tenants, ${records} records, ${changes} log rows, ${conflicts} conflicts`;
  return [
    ...lines,
    faults.length === 0 ? `verified: ${counts}` : `${faults.length} faults in ${counts}`,
  ].join('\n');
}

async function verify(config: Config): Promise<VerifyReport> {
  const keyring = await openKeyring(config);
  return withCommandDatabase(config, {name: 'verify', note: console.log}, (pool) =>
    verifyDatabase({pool, keyring}),
  );
}

const result = readConfig();
try {
  if (!result.ok) throw new Error(`The configuration is not usable:\n${result.faults.join('\n')}`);
  const report = await verify(result.config);
  console.log(describe(report));
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
