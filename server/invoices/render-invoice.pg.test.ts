import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {readPdf} from '#test/support/pdf-reader.ts';
import {createArena, kept} from '#test/support/lane-kit.ts';
import {jsonSubmission} from '#test/support/submissions.ts';
import {printDocument} from './pdf.ts';
import {readDocumentOf} from './linked-pdf.ts';

test('an invoice is printed as it was committed, and other entries are not found', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const [clientId, id, expense] = [randomUUID(), randomUUID(), randomUUID()];
  const entity = 'finance_entries';
  const client = {kind: 'person', displayName: 'Łukasz Example', language: 'de'};
  const bill = {
    kind: 'invoice',
    clientId,
    currency: 'EUR',
    amountMinor: 9900,
    issueDate: '2026-05-05',
    status: 'issued',
  };
  kept(await node.submit(jsonSubmission(arena.manager, {entity: 'clients', id: clientId, payload: client})));
  kept(await node.submit(jsonSubmission(arena.manager, {entity, id, payload: bill})));
  kept(await node.submit(jsonSubmission(arena.manager, {entity, id: expense, payload: {kind: 'expense'}})));
  const {bytes, fileName} = await readDocumentOf({...node.service, print: printDocument}, arena.tenantId, id);
  expect(fileName).toBe('INV-2026-00001.pdf');
  const [page] = await readPdf(bytes);
  for (const part of ['Example Services', 'Łukasz Example', 'INV-2026-00001', '99,00 €', '05.05.2026'])
    expect(page!.text).toContain(part);
  for (const other of [expense, randomUUID()])
    await expect(
      readDocumentOf({...node.service, print: printDocument}, arena.tenantId, other),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
});
