// An operator's commands on the database of a world, as `fieldmerge` carries them out.
import {readArguments} from '#server/operator/arguments.ts';
import type {Outcome} from '#server/operator/outcome.ts';
import {commandsByName} from '#server/operator/run.ts';
import type {World} from './world.ts';

export interface Operated extends Outcome {
  readonly said: readonly string[];
  /** What was asked before anything dangerous. */
  readonly questions: readonly string[];
}

/** The words of a command line. Whatever is asked is answered yes. */
export async function operate({service}: World, ...words: readonly string[]): Promise<Operated> {
  const read = readArguments(words);
  if (read.kind !== 'command' || read.asked.name === 'token')
    throw new Error(`No command: ${words.join(' ')}`);
  const {pool, keyring, tenantKeys, files, now} = service;
  const [said, questions]: [string[], string[]] = [[], []];
  const outcome = await commandsByName[read.asked.name](
    {
      pool,
      openKeyring: () => Promise.resolve(keyring),
      cipherOf: (tenantId) => tenantKeys.cipherOf(tenantId),
      openFiles: () => files,
      now,
      say: (line) => void said.push(line),
      tell: () => undefined,
      confirm: (question) => {
        questions.push(question);
        return Promise.resolve();
      },
    },
    read.asked,
  );
  return {...outcome, said, questions};
}
