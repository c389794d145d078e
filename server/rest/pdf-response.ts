// A PDF as the answer of a route.
import type {RenderedInvoice} from '../invoices/render-invoice.ts';

/** Shown in the browser, named as it is saved. */
export const pdfResponse = ({bytes, fileName}: RenderedInvoice): Response =>
  new Response(Uint8Array.from(bytes), {
    headers: {'content-type': 'application/pdf', 'content-disposition': `inline; filename="${fileName}"`},
  });
