// `npm run verify`: proves the database of DATABASE_URL, or else the embedded one of DATA_DIR, and says what it
// found. Exit code 1 if anything differs. The embedded one must not be in use by a running server.
import {connectDatabase} from '#db/connect.ts';
import {startEmbedded} from '#db/embedded.ts';
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

async function verifyUrl(config: Config, url: string): Promise<VerifyReport> {
  const {pool, end} = connectDatabase({url, poolSize: 2, applicationName: 'fieldmerge verify'});
  try {
    return await verifyDatabase({pool, keyring: await openKeyring(config)});
  } finally {
    await end();
  }
}

async function verify(config: Config): Promise<VerifyReport> {
  if (config.database.kind === 'url') return verifyUrl(config, config.database.url);
  const embedded = await startEmbedded({dataDir: config.dataDir, log: console.log});
  try {
    return await verifyUrl(config, embedded.url);
  } finally {
    await embedded.stop();
  }
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
