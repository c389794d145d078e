// Uploading and downloading files beside records. The bytes travel by signed URLs, past this interface.
import {z} from 'zod';
import {ATTACHMENT_BYTES_MAX, attachmentMimeTypes} from '../entities/attachments.ts';
import {line, sha256} from '../entities/field-schemas.ts';
import {recordId, uuidText} from './ids.ts';
import {instantText} from './moments.ts';

export const attachmentOwners = ['clients', 'employees', 'tasks', 'finance_entries'] as const;

const announcement = z.object({
  id: recordId.optional().meta({description: 'Made by the device, so that asking again is the same upload.'}),
  ownerType: z.enum(attachmentOwners).meta({description: 'Entity of the record it belongs to.'}),
  ownerId: recordId.meta({description: 'The record it belongs to.'}),
  kind: z.enum(['receipt', 'invoice_pdf', 'photo', 'signature', 'document']),
  fileName: line({max: 255}).meta({description: 'What a download is saved as; never part of a path.'}),
  mimeType: z.enum(attachmentMimeTypes),
  sizeBytes: z.int().min(1).max(ATTACHMENT_BYTES_MAX),
  sha256: sha256.optional().meta({description: 'Of the file, in hexadecimal; checked if given.'}),
});

/** The document of an invoice is a PDF beside a finance entry. */
export const presignUploadRequest = announcement
  .refine(({kind, mimeType}) => kind !== 'invoice_pdf' || mimeType === 'application/pdf', {
    path: ['mimeType'],
    message: 'must be application/pdf for an invoice_pdf',
  })
  .refine(({kind, ownerType}) => kind !== 'invoice_pdf' || ownerType === 'finance_entries', {
    path: ['ownerType'],
    message: 'must be finance_entries for an invoice_pdf',
  });
export type PresignUploadRequest = z.output<typeof presignUploadRequest>;

const signedUrl = {
  url: z.string().meta({description: 'Lets in whoever has it.'}),
  expiresAt: instantText,
};

export const presignUploadResponse = z.object({
  id: uuidText,
  method: z.literal('PUT'),
  ...signedUrl,
  headers: z.record(z.string(), z.string()).meta({description: 'To be sent with the upload as they are.'}),
});

export const completeRequest = z.object({id: recordId});

export const presignDownloadResponse = z.object(signedUrl);
