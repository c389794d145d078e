// What a device is told of each change it pushed.
import {PUSH_STATES_BYTES_MAX} from '#crdt/protocol/limits.ts';
import type {PushError, PushResult} from '#crdt/protocol/push.ts';
import type {JsonPush, YjsPush} from './push-change.ts';
import type {CurrentState, Receipt} from './submission.ts';

export interface ResultWriter {
  refused(index: number, entityId: string | null, error: PushError): PushResult;
  answered(index: number, change: JsonPush | YjsPush, receipt: Receipt): PushResult;
}

/**
 * One per push: a document that a device must start over from is told once, and these with the current texts have
 * a bound together. Past it the device pulls.
 */
export function createResultWriter(): ResultWriter {
  const told = new Set<string>();
  let bytes = 0;

  const stateOf = ({entity, id}: YjsPush, current: CurrentState): Pick<PushError, 'state' | 'generation'> => {
    const {generation, state} = current;
    const name = `${entity}/${id}`;
    if (told.has(name) || bytes + state.length > PUSH_STATES_BYTES_MAX) return {generation};
    told.add(name);
    bytes += state.length;
    return {generation, state: base64(state)};
  };

  const textOf = (text: string | undefined): Pick<PushError, 'current'> => {
    if (text === undefined || bytes + text.length > PUSH_STATES_BYTES_MAX) return {};
    bytes += text.length;
    return {current: text};
  };

  return {
    refused: (index, entityId, error) => ({index, entityId, status: 'rejected', error}),
    answered(index, change, receipt) {
      const common = {index, entityId: change.id};
      switch (receipt.kind) {
        case 'applied':
        case 'unchanged':
          return {...common, status: receipt.kind, ...noted(receipt), ...updatedAtOf(receipt.updatedAt)};
        case 'rejected': {
          const {error, current} = receipt;
          const state = change.kind === 'yjs' && current !== null ? stateOf(change, current) : {};
          const {code, message, fields} = error;
          return {
            ...common,
            status: 'rejected',
            ...noted(receipt),
            error: {
              code,
              message,
              ...(fields === undefined ? {} : {fields: {...fields}}),
              ...textOf(error.current),
              ...state,
            },
          };
        }
        case 'need':
          return {
            ...common,
            status: 'rejected',
            error: {
              code: 'missing_dependency',
              message:
                'The update builds on something the server lacks: send everything after `stateVector`.',
              stateVector: base64(receipt.stateVector),
              generation: receipt.generation,
            },
          };
        case 'reset':
          return {
            ...common,
            status: 'rejected',
            error: {
              code: 'reset_required',
              message: 'The document has a new generation: take it and write the pending values again.',
              ...(change.kind === 'yjs' ? stateOf(change, receipt.current) : {}),
            },
          };
      }
    },
  };
}

function noted(
  receipt: Extract<Receipt, {kind: 'applied' | 'unchanged' | 'rejected'}>,
): Pick<PushResult, 'seq' | 'conflicts' | 'refused'> {
  const {seq, conflicts, refused} = receipt;
  return {
    ...(seq === null ? {} : {seq}),
    ...(conflicts.length === 0
      ? {}
      : {conflicts: conflicts.map(({id, fields}) => ({id, fields: [...fields]}))}),
    ...(refused.length === 0 ? {} : {refused: refused.map(({field, code}) => ({field, code}))}),
  };
}

const updatedAtOf = (updatedAt: Date | null): Pick<PushResult, 'updatedAt'> =>
  updatedAt === null ? {} : {updatedAt: updatedAt.toISOString()};

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
