// Writes what became of messages into their invoices, through the lane like every change: so it reaches managers'
// devices at once, on every node, and those that were offline in the feed. The worker calls it.
import {SERVER_DEVICE} from '#crdt/deletion.ts';
import type {JsonObject} from '#crdt/json.ts';
import {
  listUnshown,
  readStates,
  saveShown,
  type InvoiceStates,
  type UnshownInvoice,
} from '#db/shown-deliveries.ts';
import {writeAsServer} from '../sync/server-write.ts';
import type {Service} from '../sync/service.ts';

export type ShowDeps = Pick<Service, 'pool' | 'lanes' | 'now'>;

/** Invoices in one round; the next round has the rest. Each takes a connection or two of the pool, one after the other. */
const AT_ONCE = 8;

/** One round. Rejects with the first fault, after all have been tried: a later round shows what is left. */
export async function showStates(deps: ShowDeps): Promise<void> {
  const invoices = await listUnshown(deps.pool, AT_ONCE);
  const outcomes = await Promise.allSettled(invoices.map((invoice) => showStatesOf(deps, invoice)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function showStatesOf(deps: ShowDeps, invoice: UnshownInvoice): Promise<void> {
  const states = await readStates(deps.pool, invoice);
  if (states === undefined || (await writeStates(deps, invoice, states)))
    await saveShown(deps.pool, invoice.tenantId, states?.deliveries ?? []);
}

/**
 * False: the invoice changed since the states were read, perhaps by another node that shows newer ones. Writing
 * then could put an older state over a newer one.
 */
async function writeStates(
  deps: ShowDeps,
  {tenantId, invoiceId}: UnshownInvoice,
  {seq, deliveries}: InvoiceStates,
): Promise<boolean> {
  const latest: JsonObject = Object.fromEntries(deliveries.map(({channel, state}) => [channel, state]));
  const receipt = await writeAsServer(
    deps,
    {
      tenantId,
      userId: deliveries.at(-1)?.createdBy ?? '',
      deviceId: SERVER_DEVICE,
      precondition: {kind: 'present', seqs: [seq]},
    },
    {entity: 'finance_entries', id: invoiceId, fields: {deliveries: latest}, creates: false},
  );
  return receipt.kind !== 'rejected';
}
