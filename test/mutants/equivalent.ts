// A mutant that is no different from the code, and why no test could notice it.
export interface Equivalent {
  readonly file: string;
  /** What is changed, to the letter. */
  readonly code: string;
  readonly mutant: string;
  /** Absent: wherever the code stands in the file. Else only on lines that hold this. */
  readonly onLine?: string;
  readonly reason: string;
}
