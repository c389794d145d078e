// docs/generated/authorization.md: who is answered what, by endpoint and frame.
import {errorCodes, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {authorization, frameAuthorization, type Cell, type Row} from '#server/rest/authorization.ts';
import {code, markdownPage, table, type Page} from './page.ts';

const columns: readonly (keyof Row)[] = [
  'anonymous',
  'expired',
  'pending',
  'otherTenant',
  'outOfScope',
  'inScope',
  'manager',
];
const titles = [
  'Anonymous',
  'Expired token',
  'Pending session',
  "Another tenant's member",
  'Employee, out of scope',
  'Employee, in scope',
  'Manager',
];

export function authorizationPage(): Page {
  const httpCell = (cell: Cell): string => cellText(cell, (name) => String(errorCodes[name].status));
  const frameCell = (cell: Cell): string => cellText(cell, closeOf);
  const rowsOf = (rows: Readonly<Record<string, Row>>, textOf: (cell: Cell) => string): string[][] =>
    Object.entries(rows).map(([name, row]) => [code(name), ...columns.map((column) => textOf(row[column]))]);
  return markdownPage('docs/generated/authorization.md', {
    title: 'Authorization',
    source: 'server/rest/authorization.ts',
    body: [
      "What is asked about belongs to one task: the task, its client, an expense of the employee who does it, and that employee's " +
        "own record. In scope is that employee. Another tenant's member names this tenant. *Hidden*: answered as if it did " +
        'not exist. A test asks every cell of a real server, and fails for a route or frame without a row.',
      '## Endpoints',
      'Of a push, the code is that of the change; the answer itself is 200.',
      table(['Endpoint', ...titles], rowsOf(authorization, httpCell)),
      '## Frames',
      'A code with a number closes the connection with it. Before the `welcome` nothing but `hello` is taken. `room` is the ' +
        'room of a record for a stock provider.',
      table(['Frame', ...titles], rowsOf(frameAuthorization, frameCell)),
    ],
  });
}

function cellText(cell: Cell, numberOf: (name: ErrorCode) => string): string {
  if (cell === 'ok') return 'yes';
  if (cell === 'hidden') return 'hidden';
  if (cell === 'lost') return `${errorCodes.bad_frame.close ?? ''} ${code('bad_frame')}`;
  return `${numberOf(cell)} ${code(cell)}`.trim();
}

/** A refused update does not close the connection. */
const closeOf = (name: ErrorCode): string =>
  name === 'out_of_scope' ? '' : String(errorCodes[name].close ?? '');
