// Codes of files beside records. Part of the catalogue in error-code.ts.
import {entry} from './error-entry.ts';

export const attachmentErrors = {
  file_url_refused: entry({
    status: 403,
    retryable: false,
    log: 'info',
    cause: 'The signed URL has expired or was altered, or what was sent is not what it was made for.',
    cure: 'Ask for a new URL, and send exactly the type and length that were announced.',
  }),
  attachment_settled: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause:
      'The attachment waits for no upload: it is uploaded, failed or deleted, or belongs to another record.',
    cure: 'Ask for another upload; for one that is uploaded or deleted, under a new id.',
  }),
  nothing_uploaded: entry({
    status: 409,
    retryable: true,
    log: 'debug',
    cause: 'The file has not arrived.',
    cure: 'Upload it to the signed URL first.',
  }),
  attachment_mismatch: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'What arrived is not what was announced, and was thrown away.',
    cure: 'Ask for an upload again, with the type, length and digest of the file as it is.',
  }),
  storage_full: entry({
    status: 413,
    retryable: false,
    log: 'warn',
    cause: 'The attachments of the tenant would pass what it may keep.',
    cure: 'Delete attachments that are no longer needed.',
  }),
} as const;
