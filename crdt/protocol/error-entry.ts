// The form of one entry in the catalogue of errors; error-code.ts puts the catalogue together.

export interface ErrorCodeEntry {
  /** HTTP status of a problem+json answer. */
  readonly status: number;
  /** 4400-4499: final, do not come back unchanged. 4500-4599: try again. Absent: never closes a socket. */
  readonly close?: number;
  readonly retryable: boolean;
  readonly log: 'debug' | 'info' | 'warn' | 'error';
  readonly cause: string;
  readonly cure: string;
}

export const entry = <const E extends ErrorCodeEntry>(value: E): ErrorCodeEntry => value;
