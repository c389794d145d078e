// The bytes by which others follow an edit of a document.
import type * as Y from 'yjs';

/** Runs an edit of the document and answers its encoded delta; null if nothing changed. */
export function captureDelta(doc: Y.Doc, edit: () => void): Uint8Array | null {
  let delta: Uint8Array | null = null;
  const capture = (update: Uint8Array): void => {
    delta = update;
  };
  doc.on('update', capture);
  try {
    edit();
  } finally {
    doc.off('update', capture);
  }
  return delta;
}
