// What every command of `fieldmerge` gets and answers.
import type pg from 'pg';
import type {Keyring, TenantCipher} from '#db/cipher.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {OpenedStore} from '../files/open-store.ts';
import type {Asked} from './arguments.ts';

/** A command that cannot be carried out as it was asked; the message says what to do. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

export interface CommandDeps {
  readonly pool: pg.Pool;
  /** Where no key is configured this makes one: only for what needs it. */
  readonly openKeyring: () => Promise<Keyring>;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
  /** Opened when it is first asked for. */
  readonly openFiles: () => OpenedStore;
  /** ms since epoch. */
  readonly now: () => number;
  /** A line of what the command answers, on standard output, before it has ended. */
  readonly say: (line: string) => void;
  /** A line for people, on standard error: how far it is, or what to do. */
  readonly tell: (line: string) => void;
  /** Throws CommandError unless somebody said yes, or typed `expected`. */
  readonly confirm: (question: string, expected?: string) => Promise<void>;
}

export interface Outcome {
  /** For --json; undefined where everything was said already. */
  readonly json: unknown;
  /** For people; without a line break at its end. Empty: nothing is to be said. */
  readonly text: string;
  /** False: exit code 1. */
  readonly isGood: boolean;
}

export type Command = (deps: CommandDeps, asked: Asked) => Promise<Outcome>;

export const good = (json: unknown, text: string): Outcome => ({json, text, isGood: true});

/** Columns as wide as their widest cell. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const isoMinute = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`;
