// `npm run token -- ana@example.com`: a token for somebody of that address, signed by the development issuer of DATA_DIR,
// so that one person can try the system as several. With Clerk configured there is no such issuer.
import {openDevelopmentIssuer} from './auth/development-issuer.ts';
import {readConfig} from './config.ts';

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

async function issueFor(email: string | undefined): Promise<string> {
  const result = readConfig();
  if (!result.ok) throw new Error(`The configuration is not usable:\n${result.faults.join('\n')}`);
  if (result.config.auth.kind !== 'development')
    throw new Error('Clerk signs the tokens here: sign in there to get one.');
  if (email === undefined || !ADDRESS.test(email))
    throw new Error('Say whose token it is to be: npm run token -- ana@example.com');
  const issuer = await openDevelopmentIssuer({dataDir: result.config.dataDir, now: Date.now});
  const [name = email] = email.split('@', 1);
  return issuer.issue({subject: `development_${email}`, email, name});
}

try {
  console.log(await issueFor(process.argv[2]));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
