// Run as a process of its own by crash-kill.pg.test.ts: one node, which kills itself, as kill -9 does, at the point it
// is told. Lives no longer than its test.
import {startWholeNode, type WholeNodeOptions} from './whole-node.ts';
import {createTap, type Armed} from './crash-tap.ts';

/** From the test. The node goes on from there as if nothing had been said. */
export interface CrashCommand {
  readonly armed: Armed | null;
}

/** To the test: up, or told. */
export type CrashAnswer = {readonly kind: 'up'; readonly port: number} | {readonly kind: 'armed'};

const tap = createTap(() => {
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered before the call comes back.
  throw new Error('Still alive.');
});
const node = await startWholeNode(JSON.parse(process.argv[2] ?? '{}') as WholeNodeOptions, tap);
const answer = (message: CrashAnswer): void => void process.send?.(message);
process.on('message', ({armed}: CrashCommand) => {
  tap.begin(armed);
  answer({kind: 'armed'});
});
process.on('disconnect', () => process.exit(0));
answer({kind: 'up', port: node.port});
