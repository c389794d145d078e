// kill -9 at every point between the parser and the acknowledgement, on a real process, over the live socket and REST:
// what was acknowledged is there, and what was sent again counts once.
import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {expect, onTestFinished, test} from 'vitest';
import {verifyDatabase} from '#server/sync/verify.ts';
import type {CrashAnswer, CrashCommand} from './crash-child.ts';
import {pathOf} from './crash-path.ts';
import {connectTo} from './node-callers.ts';
import {
  prepareGround,
  prepareTrial,
  readTrace,
  startTappedNode,
  type Ground,
  type Way,
} from './crash-scene.ts';

const childFile = fileURLToPath(new URL('crash-child.ts', import.meta.url));
/** Processes that start at a time: their start is what the test spends its time on. */
const STARTING_MAX = 2;

async function startChild({options}: Ground): Promise<{child: ChildProcess; port: number}> {
  const child = fork(childFile, [JSON.stringify(options)], {execArgv: ['--import', './load-typescript.js']});
  onTestFinished(() => void child.kill('SIGKILL'));
  const [answer] = (await once(child, 'message')) as [CrashAnswer];
  if (answer.kind !== 'up') throw new Error('The process did not come up.');
  return {child, port: answer.port};
}

async function killAt(
  ground: Ground,
  {way, place, resendTo}: {way: Way; place: number; resendTo: number},
): Promise<string> {
  const {child, port} = await startChild(ground);
  const dead = once(child, 'exit');
  const trial = await prepareTrial(ground, {way, port});
  const isLast = place === pathOf(way).length - 1;
  const told = once(child, 'message');
  // After the answer there is nothing left for the process to come to: it is killed by whoever got the answer.
  const command: CrashCommand = {armed: isLast ? null : {place, fault: 'kill -9'}};
  child.send(command);
  await told;
  const isAcked = await trial.send();
  if (isLast) child.kill('SIGKILL');
  const [, signal] = (await dead) as [number | null, string | null];
  expect([signal, isAcked], pathOf(way)[place]).toEqual(['SIGKILL', isLast]);
  if (!isLast) await trial.resend(resendTo);
  await trial.resend(resendTo);
  trial.close();
  return trial.taskId;
}

// I1 of docs/reliability.md.
test.each<Way>(['live, at once', 'REST, locked'])(
  '%s: after kill -9 at any point nothing acknowledged is lost, and sent again it counts once',
  {timeout: 240_000},
  async (way) => {
    const ground = await prepareGround();
    const {node, tap} = await startTappedNode(ground);
    const {port: resendTo} = node;
    const unharmed = await prepareTrial(ground, {way, port: resendTo});
    await unharmed.send();
    await unharmed.resend(resendTo);
    unharmed.close();
    const once = await readTrace(ground, unharmed.taskId);
    tap.end();

    const places = [...pathOf(way).keys()];
    const taskIds: string[] = [];
    const work = async (): Promise<void> => {
      for (let place = places.shift(); place !== undefined; place = places.shift()) {
        const taskId = await killAt(ground, {way, place, resendTo});
        expect(await readTrace(ground, taskId), pathOf(way)[place]).toEqual(once);
        taskIds.push(taskId);
      }
    };
    await Promise.all(Array.from({length: STARTING_MAX}, work));
    expect(taskIds.length).toBe(pathOf(way).length);

    const {pool, keyring} = node.service;
    const {faults} = await verifyDatabase({pool, keyring});
    expect(faults).toEqual([]);
    const fresh = await (await connectTo(resendTo, ground.manager.onNewDevice())).live();
    onTestFinished(() => fresh.close());
    const shown = taskIds.map((id) => fresh.shown('tasks', id)['title']);
    expect(shown).toEqual(taskIds.map(() => once.row['title']));
  },
);
