// What users do on their devices, as operations choose it.
import type {Device} from './device.ts';
import {edit, hasUnsent, showsDeleted} from './editing.ts';
import type {History} from './history.ts';
import {jsonShowsDeleted, pushDeleted, pushEdit, type JsonDevice} from './json-device.ts';
import type {Operation} from './plan.ts';
import type {KeySpec, Sample} from './vocabulary.ts';

export const pick = <T>(list: readonly T[], index: number): T => {
  const chosen = list[index % list.length];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
};

/** What an edit is chosen from. */
export type Choice = Pick<Operation, 'kind' | 'what' | 'how'>;
export type Desk = Pick<History, 'vocabulary' | 'stamp'>;

const specAt = (history: Desk, what: number): KeySpec => pick(history.vocabulary.keys, what);
const sampleAt = (spec: KeySpec, how: number): Sample => pick(spec.samples, how);

export function editYjs(history: Desk, device: Device, {kind, what, how}: Choice): void {
  const spec = specAt(history, what);
  const at = (): number => history.stamp(device);
  switch (kind) {
    case 'write':
      edit(device, (session) => session.set(spec, sampleAt(spec, how), at()));
      break;
    case 'writeSeveral':
      edit(device, (session) => {
        for (let next = 0; next < 3; next++) {
          const other = specAt(history, what + next * 2);
          session.set(other, sampleAt(other, how + next), at());
        }
      });
      break;
    case 'text':
      editText(history, device, {what, how});
      break;
    case 'removeEntry':
      // Of a value of its own that is not sent yet, a merged update would say only half.
      if (!hasUnsent(device, spec.key)) edit(device, (session) => session.remove(spec));
      break;
    case 'deleteRecord': {
      const seen = pick(['cursor', 'cursor', 'vector', 'nothing'] as const, how);
      edit(device, (session) => session.setDeleted(!showsDeleted(device), at(), seen));
      break;
    }
    default:
      break;
  }
}

function editText(history: Desk, device: Device, {what, how}: {what: number; how: number}): void {
  const {employeeWrites, texts} = history.vocabulary;
  const field = pick(texts, what);
  const mayDelete = !device.employee || employeeWrites.includes(field);
  edit(device, (session) => {
    if (mayDelete && how % 3 === 0) session.deleteText(field, what, 1 + (how % 5));
    else session.insertText(field, `${String.fromCharCode(97 + (how % 26))}${what % 10}`, what);
  });
}

export function editJson(history: Desk, device: JsonDevice, {kind, what, how}: Choice): void {
  const spec = specAt(history, what);
  const at = history.stamp(device);
  const edits = [{spec, sample: sampleAt(spec, how)}];
  switch (kind) {
    case 'writeSeveral': {
      const other = specAt(history, what + 1);
      pushEdit(device, [...edits, {spec: other, sample: sampleAt(other, how + 1)}], {at, append: null});
      break;
    }
    case 'text':
      pushEdit(device, [], {
        at,
        append: {field: pick(history.vocabulary.texts, what), text: `-${how % 100}`},
      });
      break;
    case 'deleteRecord':
      pushDeleted(device, !jsonShowsDeleted(device), at);
      break;
    default:
      pushEdit(device, edits, {at, append: null});
  }
}
