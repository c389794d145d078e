// The names that documents and their examples use: ids of people and records that a stage makes real.

const id = (number: string): string => `00000000-0000-4000-8000-${number.padStart(12, '0')}`;

/** Made by the server, or anew for each stage: a stage tells what stands for them. */
export const givenIds = {
  tenant: id('1'),
  otherTenant: id('2'),
  maria: id('11'),
  ben: id('12'),
  dana: id('13'),
  chris: id('14'),
  mariasPhone: id('21'),
  mariasTablet: id('22'),
  bensPhone: id('23'),
  danasPhone: id('24'),
  chrisPhone: id('25'),
  invitation: id('31'),
  conflict: id('41'),
  kept: id('51'),
  failedDelivery: id('61'),
  localMessage: id('62'),
} as const;

/** Made by devices, so they are the same on every stage. */
export const recordIds = {
  teams: id('a1'),
  serviceTypes: id('a2'),
  clients: id('a3'),
  bensEmployee: id('a4'),
  danasEmployee: id('a5'),
  tasks: id('a6'),
  expense: id('a7'),
  deletedTask: id('a8'),
  invoice: id('aa'),
  /** A photo of the task, uploaded; and another that was not yet said to be. */
  photo: id('b8'),
  waitingPhoto: id('b9'),
  /** Nobody works as her yet. */
  evesEmployee: id('a9'),
  /** Who pays the invoices, and can be written to. */
  payer: id('ad'),
  unsentInvoice: id('ab'),
  /** By mail, which was refused, and by SMS. */
  sentInvoice: id('ac'),
  /** Of nothing, until an example makes it. */
  fresh: id('af'),
} as const;

export const emails = {
  maria: 'maria@example.com',
  ben: 'ben@example.com',
  dana: 'dana@example.com',
  chris: 'chris@example.com',
} as const;

/** What Maria's tablet had read when both of her devices went offline. */
export const BASE_CURSOR = 'c1.4b7f0c1d2e3a.9a8b7c6d5e4f.a';
/** Any other cursor. */
export const SOME_CURSOR = 'c1.4b7f0c1d2e3a.9a8b7c6d5e4f.g';

/** Of the link in an SMS. */
export const LINK_TOKEN = 'AAAAAAAAQACAAAAAAAAAYgABAgMEBQYHCAkKCw';
