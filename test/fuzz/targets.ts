// All targets, and which of them each row of inputs goes to.
import {requestBodies} from './body-target.ts';
import {cursorTexts} from './cursor-target.ts';
import {deviceFrames, serverFrames} from './frame-target.ts';
import {plainUpdates} from './plain-target.ts';
import {roomMessages} from './room-target.ts';
import type {Target, TargetOf} from './target.ts';
import {updates} from './update-target.ts';

const times = (count: number, target: Target): Target[] => Array.from({length: count}, () => target);

/** Who is next: each as often as it is worth, and a body of a request costs twenty times what a frame does. */
const turns: readonly Target[] = [
  ...times(18, updates),
  ...times(3, plainUpdates),
  ...times(10, deviceFrames),
  ...times(5, serverFrames),
  ...times(3, roomMessages),
  ...times(3, cursorTexts),
  requestBodies,
];

export const targetNames: readonly string[] = [...new Set(turns.map(({name}) => name))];

export const targetOf: TargetOf = (row) => turns[row % turns.length] ?? updates;
