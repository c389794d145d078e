// Has Stryker's instrumenter build every mutant into the files of a copy, each behind a switch that is off.
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Instrumenter} from '@stryker-mutator/instrumenter';
import type {Mutant} from './findings.ts';

/** The type checker refuses nearly all of these: kinds and codes are unions, objects have their members. */
const REFUSED_BY_TYPES = ['StringLiteral', 'ObjectLiteral', 'ArrayDeclaration'];

const isOff = (): boolean => false;
const ignore = (): void => undefined;
const silent: ConstructorParameters<typeof Instrumenter>[0] = {
  isTraceEnabled: isOff,
  isDebugEnabled: isOff,
  isInfoEnabled: isOff,
  isWarnEnabled: isOff,
  isErrorEnabled: isOff,
  isFatalEnabled: isOff,
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};

/**
 * files: from the root of the copy. Changes them, and answers what was built in, but for functions of a whole file that do
 * nothing: they are made while it is loaded, before anything is switched on.
 */
export async function buildIn(folder: string, files: readonly string[]): Promise<Mutant[]> {
  const instrumenter = new Instrumenter(silent);
  const sources = new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  const built = await instrumenter.instrument(
    [...sources].map(([name, content]) => ({name, content, mutate: true})),
    {ignorers: [], plugins: null, excludedMutations: REFUSED_BY_TYPES},
  );
  for (const {name, content} of built.files) writeFileSync(join(folder, name), content);
  const counts = new Map<string, number>();
  return built.mutants
    .filter(({mutatorName}) => !REFUSED_BY_TYPES.includes(mutatorName))
    .map(({id, fileName: file, location: {start, end}, replacement}) => {
      const source = sources.get(file) ?? '';
      const count = (counts.get(file) ?? 0) + 1;
      counts.set(file, count);
      const digest = createHash('sha256').update(source).digest('base64url').slice(0, 12);
      const code = textAt(source, start, end);
      const onLine = source.split('\n')[start.line] ?? '';
      return {id, key: `${file} ${digest} ${count}`, file, line: start.line + 1, onLine, code, replacement};
    })
    .filter(
      ({onLine, replacement}) => !(replacement === '() => undefined' && /^(export )?const /.test(onLine)),
    );
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Lines and columns count from 0. */
function textAt(source: string, start: Place, end: Place): string {
  const [first = '', ...rest] = source.split('\n').slice(start.line, end.line + 1);
  const last = rest.pop();
  if (last === undefined) return first.slice(start.column, end.column);
  return [first.slice(start.column), ...rest, last.slice(0, end.column)].join('\n');
}
