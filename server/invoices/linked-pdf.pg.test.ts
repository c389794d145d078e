// Which attachment is the document of an invoice, in both stores.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {openUploads, type Upload, type Uploads} from '#test/support/uploads.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';
import {readDocument, readLinkedPdf} from './linked-pdf.ts';
import {readBill} from './read-bill.ts';

const pdf = (text: string): Buffer => Buffer.from(`%PDF-1.7\n${text}`);

describe.each(['disk', 's3'])('the document of an invoice in the %s store', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let uploads: Uploads;
  let maria: Person & {tenantId: string};
  let invoiceId: string;
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
    uploads = openUploads(world);
    maria = await world.newManager();
    invoiceId = randomUUID();
    await maria.push([{entity: 'finance_entries', entityId: invoiceId, payload: {kind: 'invoice'}}]);
  });
  afterAll(async () => {
    await world.close();
    await bucket?.close();
  });

  const announce = <Body = Upload>(terms: object = {}) =>
    uploads.announce<Body>(maria, {
      ownerType: 'finance_entries',
      ownerId: invoiceId,
      kind: 'invoice_pdf',
      fileName: 'INV-2026-00001.pdf',
      mimeType: 'application/pdf',
      ...terms,
    });
  const attach = async (text: string, terms: object = {}): Promise<string> => {
    const {body} = await announce({sizeBytes: pdf(text).length, ...terms});
    await uploads.put(body, pdf(text));
    expect((await uploads.complete(maria, body.id)).body.status).toBe('uploaded');
    return body.id;
  };
  const linked = async (): Promise<string | null> => {
    const bytes = await readLinkedPdf(world.service, maria.tenantId as TenantId, invoiceId);
    return bytes === null ? null : Buffer.from(bytes).toString();
  };

  test('is the newest that was uploaded as such, and none once all are deleted', async () => {
    expect(await linked()).toBeNull();
    const first = await attach('first');
    await attach('a letter beside it', {kind: 'document'});
    await announce({sizeBytes: 10});
    expect(await linked()).toBe('%PDF-1.7\nfirst');
    const second = await attach('second');
    expect(await linked()).toBe('%PDF-1.7\nsecond');
    await maria.send('DELETE', `/v1/attachments/${second}`);
    expect(await linked()).toBe('%PDF-1.7\nfirst');
    await maria.send('DELETE', `/v1/attachments/${first}`);
    expect(await linked()).toBeNull();
  });

  test('goes out in place of a printed one once the invoice is issued, and under its number', async () => {
    const id = await attach('as the customer wants it');
    const read = async () => {
      const bill = await readBill(world.service, maria.tenantId as TenantId, invoiceId);
      const print = () => Promise.resolve(Buffer.from('printed'));
      const {bytes, fileName} = await readDocument(
        {...world.service, print},
        maria.tenantId as TenantId,
        bill,
      );
      return {text: Buffer.from(bytes).toString(), fileName};
    };
    expect(await read()).toEqual({text: 'printed', fileName: `draft-${invoiceId}.pdf`});
    await maria.push([{entity: 'finance_entries', entityId: invoiceId, payload: {status: 'issued'}}]);
    const {text, fileName} = await read();
    expect(text).toBe('%PDF-1.7\nas the customer wants it');
    expect(fileName).toMatch(/^INV-\d{4}-00001\.pdf$/);
    await maria.send('DELETE', `/v1/attachments/${id}`);
    expect((await read()).text).toBe('printed');
  });

  test.each([
    ['no PDF', {mimeType: 'image/png'}, 'mimeType'],
    ['of no finance entry', {ownerType: 'clients'}, 'ownerType'],
  ])('a file that is %s is not announced as one', async (_, terms, field) => {
    const {status, body} = await announce<ProblemBody>({sizeBytes: 10, ...terms});
    expect([status, Object.keys(body.fields ?? {})]).toEqual([400, [field]]);
  });
});
