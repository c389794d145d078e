// docs/generated/errors.md: every code a caller can meet.
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {code, markdownPage, table, type Page} from './page.ts';

export function errorsPage(): Page {
  const rows = Object.entries(errorCodes).map(([name, {status, close, retryable, cause, cure}]) => [
    code(name),
    String(status),
    close === undefined ? '' : String(close),
    retryable ? 'yes' : 'no',
    cause,
    cure,
  ]);
  return markdownPage('docs/generated/errors.md', {
    title: 'Error codes',
    source: 'crdt/protocol/error-code.ts',
    body: [
      'The same code on every edge: `code` of a problem+json answer, of a result in a push, of a `reject` frame. ' +
        'Close codes 4400 to 4499 are final; 4500 to 4599 mean: try again. A retryable code means that the same ' +
        'request may succeed later, after what the cure says.',
      table(['Code', 'HTTP', 'Close', 'Retry', 'Cause', 'Cure'], rows),
    ],
  });
}
