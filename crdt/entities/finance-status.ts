// The status of a finance entry. Its register takes the statuses of every kind, since a rule across fields must
// never refuse a merge; what the status means for this kind is decided here, on read.
import type {JsonObject, JsonValue} from '../json.ts';

export const financeKinds = ['invoice', 'payment', 'expense', 'credit_note'] as const;
export type FinanceKind = (typeof financeKinds)[number];

const billStatuses = ['draft', 'issued', 'sent', 'void'] as const;

/** Per kind, the first one is where an entry starts. */
export const statusesOfKind = {
  invoice: billStatuses,
  credit_note: billStatuses,
  expense: ['draft', 'submitted', 'approved', 'rejected', 'reimbursed'],
  payment: ['pending', 'completed', 'failed', 'refunded'],
} as const satisfies Record<FinanceKind, readonly string[]>;

export const financeStatuses = [
  'draft',
  'issued',
  'sent',
  'void',
  'submitted',
  'approved',
  'rejected',
  'reimbursed',
  'pending',
  'completed',
  'failed',
  'refunded',
] as const;

/**
 * How far a status is along its kind's way, for concurrent writes; only ranks within one kind ever meet.
 * Decisions of equal rank (approved, rejected) are settled by the later stamp. Money that moved beats a decision.
 */
export const financeStatusRank: Readonly<Record<(typeof financeStatuses)[number], number>> = {
  draft: 0,
  pending: 0,
  submitted: 1,
  issued: 2,
  approved: 2,
  rejected: 2,
  failed: 2,
  sent: 3,
  completed: 3,
  reimbursed: 3,
  refunded: 4,
  void: 5,
};

const isKind = (kind: unknown): kind is FinanceKind =>
  typeof kind === 'string' && Object.hasOwn(statusesOfKind, kind);

/**
 * The status that counts. One that its kind does not have reads as the kind's first; a bill that has its number
 * was issued, whatever is written over it later, so a draft that comes late cannot take it back.
 */
export function effectiveStatus(fields: JsonObject): string {
  const {kind, status, number} = fields;
  if (!isKind(kind)) return 'draft';
  const statuses: readonly string[] = statusesOfKind[kind];
  const own = typeof status === 'string' && statuses.includes(status) ? status : (statuses[0] ?? 'draft');
  const isNumbered = number !== undefined && number !== null;
  return isBill(fields) && isNumbered && own === 'draft' ? 'issued' : own;
}

/** Once issued, a bill only goes forward; a status that bills do not have would read as a draft. */
export function isStepBack(before: JsonObject, status: JsonValue): boolean {
  const own = effectiveStatus(before);
  const next = effectiveStatus({kind: before.kind ?? null, status});
  return isBill(before) && own !== 'draft' && rankOf(next) < rankOf(own);
}

const rankOf = (status: string): number =>
  (financeStatusRank as Readonly<Record<string, number>>)[status] ?? 0;

/** Invoices and credit notes: what is issued under a number and then stands. */
export const isBill = (fields: JsonObject): boolean =>
  fields.kind === 'invoice' || fields.kind === 'credit_note';
