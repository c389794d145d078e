// The process: reads the configuration, starts the server, and stops it on SIGTERM or SIGINT.
import {readConfig} from './config.ts';
import {describeNextSteps, openDevelopmentAccess} from './development.ts';
import {createLogger} from './logger.ts';
import {startServer} from './start.ts';
import {stopOnSignal} from './stop-on-signal.ts';

const result = readConfig();
if (!result.ok) {
  console.error(
    `The configuration is not usable:\n${result.faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
  process.exit(1);
}

const {config} = result;
const log = createLogger({level: config.logLevel});
try {
  const starting = startServer(config, log);
  stopOnSignal(starting, {log});
  const server = await starting;
  log.info('listening', {url: server.url, transport: server.transport});
  if (server.developmentIssuer !== null) {
    // The server serves without it: a database that goes away just now must not end it.
    await openDevelopmentAccess(server.service, server.developmentIssuer).then(
      (access) => console.log(describeNextSteps(server.url, access)),
      (error: unknown) => log.warn('no example to begin with: the database did not answer', {}, error),
    );
  }
} catch (error) {
  log.error('the server did not start', {}, error);
  console.error(error instanceof Error ? error.message : 'The server did not start.');
  process.exit(1);
}
