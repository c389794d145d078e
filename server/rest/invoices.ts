// Invoices and credit notes as documents; managers only.
import {z} from 'zod';
import {recordId} from '#crdt/protocol/ids.ts';
import {printDocument} from '../invoices/pdf.ts';
import {readDocumentOf} from '../invoices/linked-pdf.ts';
import {requireManager} from '../sync/require-manager.ts';
import {pdfResponse} from './pdf-response.ts';
import {memberRoute, type RouteDeps} from './route.ts';

export function mountInvoices(deps: RouteDeps): void {
  const {print = printDocument} = deps;
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/invoices/{id}/pdf',
      summary: 'An invoice or credit note as a PDF.',
      params: z.object({id: recordId}),
      answer: z.string().meta({format: 'binary'}),
      answerType: 'application/pdf',
      answerNote: 'The document, as it goes out.',
      description:
        "In the client's language, with the currency's digits. A draft has no number yet and DRAFT across its pages, a " +
        'void one VOID. The same record, client and tenant name give the same bytes. Of one that is out and has a PDF ' +
        'attached to it as `invoice_pdf`, that PDF is answered.',
      errors: ['forbidden', 'overloaded'],
    },
    async ({role, tenantId}, {params}) => {
      requireManager({role});
      return pdfResponse(await readDocumentOf({...deps.service, print}, tenantId, params.id));
    },
  );
}
