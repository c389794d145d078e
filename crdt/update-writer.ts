// Writes admitted elements as a Yjs V1 update of our own: only what is new, refused and collected content as
// deleted items of the same id and length, so that the clocks of their device are consumed.
import * as encoding from 'lib0/encoding';
import type {AdmittedElement, TextDelete} from './admitted.ts';
import {byClient} from './by-clock.ts';
import type {ItemId} from './update-reader.ts';

const ORIGIN = 0x80;
const RIGHT_ORIGIN = 0x40;
const PARENT_SUB = 0x20;
const DELETED = 1;
const STRING = 4;
const ANY = 8;

/** source: the bytes that value slices point into. isRefused: whose content is not to be stored. */
export function writeUpdate(
  source: Uint8Array,
  admitted: {elements: readonly AdmittedElement[]; textDeletes: readonly TextDelete[]},
  isRefused: (element: AdmittedElement) => boolean,
): Uint8Array {
  const encoder = encoding.createEncoder();
  const sections = byClient(admitted.elements);
  encoding.writeVarUint(encoder, sections.size);
  for (const [client, elements] of sections) {
    encoding.writeVarUint(encoder, elements.length);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, elements[0]?.clock ?? 0);
    for (const element of elements) writeElement(encoder, element, isRefused(element) ? null : source);
  }
  const deletes = byClient(admitted.textDeletes);
  encoding.writeVarUint(encoder, deletes.size);
  for (const [client, ranges] of deletes) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length);
    for (const range of ranges) {
      encoding.writeVarUint(encoder, range.clock);
      encoding.writeVarUint(encoder, range.length);
    }
  }
  return encoding.toUint8Array(encoder);
}

function writeElement(encoder: encoding.Encoder, element: AdmittedElement, source: Uint8Array | null): void {
  const rightOrigin = element.kind === 'text' ? element.rightOrigin : null;
  const isRoot = element.origin === null && rightOrigin === null;
  const ref = source === null ? DELETED : contentRef(element);
  encoding.writeUint8(
    encoder,
    ref |
      (element.origin === null ? 0 : ORIGIN) |
      (rightOrigin === null ? 0 : RIGHT_ORIGIN) |
      (isRoot && element.kind === 'map' ? PARENT_SUB : 0),
  );
  if (element.origin !== null) writeId(encoder, element.origin);
  if (rightOrigin !== null) writeId(encoder, rightOrigin);
  if (isRoot) {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, element.root.name);
    if (element.kind === 'map') encoding.writeVarString(encoder, element.entry);
  }
  if (ref === DELETED || source === null) encoding.writeVarUint(encoder, element.length);
  else if (element.kind === 'text') encoding.writeVarString(encoder, element.text ?? '');
  else {
    encoding.writeVarUint(encoder, 1);
    encoding.writeUint8Array(encoder, source.subarray(element.slice[0], element.slice[1]));
  }
}

function contentRef(element: AdmittedElement): number {
  if (element.kind === 'text') return element.text === null ? DELETED : STRING;
  return element.value === undefined ? DELETED : ANY;
}

function writeId(encoder: encoding.Encoder, id: ItemId): void {
  encoding.writeVarUint(encoder, id.client);
  encoding.writeVarUint(encoder, id.clock);
}
