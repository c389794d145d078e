// Codes of what managers decide about afterwards: overwrites, and changes that were kept for them. Part of the
// catalogue in error-code.ts.
import {entry} from './error-entry.ts';

export const reviewErrors = {
  already_resolved: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'The conflict is resolved already.',
    cure: 'Read it again.',
  }),
  already_decided: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'The kept change was applied or discarded already.',
    cure: 'Read it again: `current` says what became of it.',
  }),
  not_mergeable: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause:
      'The document that the kept change was made on is gone, and not all of the change can be read without it.',
    cure: 'Write by hand what the list shows of it, then discard it.',
  }),
} as const;
