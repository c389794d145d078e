// What the fuzzer knows of the parts that read what strangers send: how to make an input for one, and how to hold
// what became of it against the rules.
import type {Random} from '#test/support/random.ts';

/** What a part made of an input. */
export interface Verdict {
  readonly accepted: boolean;
  /** Tells verdicts apart: an input that brings a new one is worth changing further. */
  readonly word: string;
  /** Holds what followed against the rules. Throws if one is broken. */
  readonly verify?: () => void;
}

/** What a part holds while a row of inputs is tried on it. */
export interface Scene {
  readonly make: () => Uint8Array;
  /** Gives an input to the part, and does nothing else: this is what is timed. Throws what the part must not throw. */
  readonly offer: (input: Uint8Array) => Verdict | Promise<Verdict>;
  /** After the last input: whether anything of what was refused was left behind. */
  readonly finish: () => void;
}

export interface Target {
  readonly name: string;
  /** Whether an input may be given twice, and means the same the second time. */
  readonly isPure: boolean;
  readonly begin: (random: Random) => Scene;
}

/** Which target a row of inputs goes to. */
export type TargetOf = (row: number) => Target;

/** Throws with what was found if a rule does not hold. */
export function demand(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}
