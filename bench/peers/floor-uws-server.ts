// floor-uws: passes frames on to everybody else through uWebSockets.js, and nothing else. The least that any server
// of this kind can cost.
import {createRequire} from 'node:module';
import type * as Uws from 'uWebSockets.js';
import {encodeFloorFrame, requestOf} from './floor-frames.ts';

const uws = createRequire(import.meta.url)('uWebSockets.js') as typeof Uws;
const EVERYBODY = 'everybody';

const app = uws.App();
app.ws('/*', {
  maxBackpressure: 64 * 1024 * 1024,
  open: (socket) => void socket.subscribe(EVERYBODY),
  message(socket, message) {
    // The sender's own subscription is passed over.
    socket.publish(EVERYBODY, message, true);
    socket.send(encodeFloorFrame({request: requestOf(new Uint8Array(message)), updates: []}), true);
  },
});
process.on('SIGTERM', () => process.exit(0));
app.listen('127.0.0.1', 0, (listener) => {
  if (listener === false) throw new Error('no port to listen on');
  console.log(`listening on http://127.0.0.1:${uws.us_socket_local_port(listener)}`);
});
