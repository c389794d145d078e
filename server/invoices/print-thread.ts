// The thread that documents are laid out in; server/invoices/printer.ts starts it and sends it one bill after the other.
import {parentPort} from 'node:worker_threads';
import {printDocument} from './pdf.ts';
import type {Bill} from './read-bill.ts';

/** What it answers to a bill. */
export type Printed =
  {readonly kind: 'printed'; readonly bytes: Uint8Array} | {readonly kind: 'failed'; readonly error: unknown};

const answer = (printed: Printed, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(printed, transfer);

parentPort?.on('message', (bill: Bill) => {
  printDocument(bill).then(
    (made) => {
      // Copied into memory of its own, which can be handed over.
      const bytes = Uint8Array.from(made);
      answer({kind: 'printed', bytes}, [bytes.buffer]);
    },
    (error: unknown) => answer({kind: 'failed', error}),
  );
});
