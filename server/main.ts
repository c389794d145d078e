// The process: reads the configuration, starts the server, and stops it on SIGTERM or SIGINT.
import {readConfig} from './config.ts';
import {describeNextSteps, openDevelopmentAccess} from './development.ts';
import {createLogger} from './logger.ts';
import {startServer} from './start.ts';

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
  const server = await startServer(config, log);
  log.info('listening', {url: server.url, transport: server.transport});
  let stopping: Promise<void> | null = null;
  const stop = (signal: string): void => {
    if (stopping !== null) return;
    log.info('stopping', {signal});
    stopping = server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('the server did not stop cleanly', {}, error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (server.developmentIssuer !== null) {
    const access = await openDevelopmentAccess(server.service, server.developmentIssuer);
    console.log(describeNextSteps(server.url, access));
  }
} catch (error) {
  log.error('the server did not start', {}, error);
  console.error(error instanceof Error ? error.message : 'The server did not start.');
  process.exit(1);
}
