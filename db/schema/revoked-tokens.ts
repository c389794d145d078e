// Sign-ins that the issuer has ended before their tokens expire. The same for all tenants.
import {bigint, pgTable, text, uniqueIndex} from 'drizzle-orm/pg-core';
import {instant} from './columns.ts';

export const revokedTokens = pgTable(
  'revoked_tokens',
  {
    /** In the order of commits: a node asks for what came after the last one it knows. */
    id: bigint('id', {mode: 'number'}).primaryKey().generatedAlwaysAsIdentity(),
    /** Which claim of a token is looked at. */
    claim: text('claim', {enum: ['sid', 'sub']}).notNull(),
    value: text('value').notNull(),
    revokedAt: instant('revoked_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('revoked_tokens_value').on(table.claim, table.value)],
);
