// y-websocket's server: its own handler of connections, documents kept in LevelDB by its own persistence, both as
// they come. YPERSISTENCE: the folder, which the package itself reads.
import {createServer} from 'node:http';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {getPersistence, setupWSConnection} from '@y/websocket-server/utils';
import {WebSocketServer} from 'ws';

const server = createServer();
const sockets = new WebSocketServer({server, perMessageDeflate: false});
sockets.on('connection', setupWSConnection);

/** Resolves when nothing more is being written: reading a document may lead to writing it. */
async function persisted(provider) {
  for (let last = null; last !== provider.tr;) {
    last = provider.tr;
    await last;
    await delay(50);
  }
}

// What is still being written is written: the harness stops the server after seeding.
process.on('SIGTERM', () => {
  const provider = getPersistence()?.provider;
  const gone = provider === undefined ? Promise.resolve() : persisted(provider);
  void gone.then(() => process.exit(0));
});
server.listen({host: '127.0.0.1', port: 0}, () => {
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
