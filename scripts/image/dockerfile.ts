// Reads a Dockerfile into stages and steps. It knows what this project's Dockerfile uses and throws at the rest: a step
// that was passed over would make the trial say more than it has tried.

export type Step =
  | {readonly kind: 'workdir'; readonly path: string}
  | {readonly kind: 'env'; readonly values: Readonly<Record<string, string>>}
  /** `from`: name of an earlier stage; absent: the build context. */
  | {
      readonly kind: 'copy';
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly target: string;
    }
  /** `caches`: folders that outlive the build and are no part of the image. */
  | {readonly kind: 'run'; readonly command: string; readonly caches: readonly string[]}
  | {readonly kind: 'user'; readonly name: string}
  | {readonly kind: 'expose'; readonly port: number}
  | {readonly kind: 'cmd'; readonly command: readonly string[]};

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly steps: readonly Step[];
}

/** Stages in order; the last one is the image. Throws at what it does not know, naming the instruction. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: {base: string; name: string | undefined; steps: Step[]}[] = [];
  for (const line of logicalLines(text)) {
    const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    const instruction = word.toUpperCase();
    if (instruction === 'FROM') {
      const [base = '', as, name] = rest.split(/\s+/);
      if (as !== undefined && as.toUpperCase() !== 'AS') throw new Error(`cannot read: ${line}`);
      stages.push({base, name, steps: []});
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`before the first FROM: ${line}`);
    stage.steps.push(readStep(instruction, rest));
  }
  return stages;
}

/** Without comments, and with continued lines joined. */
function logicalLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function readStep(instruction: string, rest: string): Step {
  switch (instruction) {
    case 'WORKDIR':
      return {kind: 'workdir', path: rest};
    case 'ENV':
      return {kind: 'env', values: Object.fromEntries(rest.split(/\s+/).map(readSetting))};
    case 'COPY':
      return readCopy(rest);
    case 'RUN':
      return readRun(rest);
    case 'USER':
      return {kind: 'user', name: rest};
    case 'EXPOSE':
      return {kind: 'expose', port: Number(rest)};
    case 'CMD':
      return {kind: 'cmd', command: readWords(rest)};
    default:
      throw new Error(`the trial does not know the instruction ${instruction}`);
  }
}

function readSetting(setting: string): [string, string] {
  const [, name = '', value = ''] = /^(\w+)=([^"'$]*)$/.exec(setting) ?? [];
  if (name === '') throw new Error(`the trial does not know this form of ENV: ${setting}`);
  return [name, value];
}

function readCopy(rest: string): Step {
  const words = rest.split(/\s+/);
  const flags = words.filter((word) => word.startsWith('--'));
  const paths = words.filter((word) => !word.startsWith('--'));
  const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length);
  const isKnown = flags.every((flag) => flag.startsWith('--from=')) && !/[*?["$]/.test(rest);
  if (!isKnown || paths.length < 2) throw new Error(`the trial does not know this form of COPY: ${rest}`);
  return {kind: 'copy', from, sources: paths.slice(0, -1), target: paths.at(-1) ?? ''};
}

function readRun(rest: string): Step {
  const caches: string[] = [];
  const command = rest.replace(/^--mount=type=cache,target=(\S+)\s+/, (_, path: string) => {
    caches.push(path);
    return '';
  });
  if (command.startsWith('--') || command.startsWith('['))
    throw new Error(`the trial does not know this form of RUN: ${rest}`);
  return {kind: 'run', command, caches};
}

/** The exec form: with a shell between them, signals would not reach the server. */
function readWords(rest: string): string[] {
  const words: unknown = rest.startsWith('[') ? JSON.parse(rest) : undefined;
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string'))
    throw new Error('CMD must have the exec form, ["program", "argument"]');
  return words;
}
