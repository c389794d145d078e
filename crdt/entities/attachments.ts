// Attachments: what is known of a file beside a record. The server writes it all, from what it saw uploaded;
// devices only read it in the feed.
import {z} from 'zod';
import {declareEntity, serverRegister} from './entity.ts';
import {integer, line, reference, sha256} from './field-schemas.ts';

export const ATTACHMENT_BYTES_MAX = 25 * 1024 * 1024;

export const attachmentMimeTypes = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/heic',
  'application/pdf',
] as const;

export const attachments = declareEntity({
  name: 'attachments',
  singular: 'attachment',
  writable: false,
  fields: {
    ownerType: serverRegister({
      schema: z.enum(['clients', 'employees', 'tasks', 'finance_entries']),
      sql: 'text',
      description: 'Entity of the record it belongs to.',
    }),
    ownerId: serverRegister({schema: reference, sql: 'uuid', description: 'The record it belongs to.'}),
    kind: serverRegister({
      schema: z.enum(['receipt', 'invoice_pdf', 'photo', 'signature', 'document']),
      sql: 'text',
      description: 'What the file shows.',
    }),
    fileName: serverRegister({
      schema: line({max: 255}),
      sql: 'text',
      sensitive: true,
      description: 'Name on the device; never part of a path.',
    }),
    mimeType: serverRegister({
      schema: z.enum(attachmentMimeTypes),
      sql: 'text',
      description: 'Type, checked against the first bytes.',
    }),
    sizeBytes: serverRegister({
      schema: integer({min: 1, max: ATTACHMENT_BYTES_MAX}),
      sql: 'integer',
      description: 'Size in bytes.',
    }),
    sha256: serverRegister({schema: sha256, sql: 'text', description: 'Digest of the content, hexadecimal.'}),
    key: serverRegister({
      schema: line({max: 200}),
      sql: 'text',
      description: 'Where the store keeps it; made by the server.',
    }),
    status: serverRegister({
      schema: z.enum(['pending', 'uploaded', 'failed', 'deleted']),
      sql: 'text',
      description: 'How far the upload is.',
    }),
  },
  employee: {sees: {kind: 'any', of: [{kind: 'owner-in-scope'}]}, writes: [], appendsOnly: []},
});
