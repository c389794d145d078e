// docs/generated/layers.md: who may import whom, as the linter enforces it.
import {createRequire} from 'node:module';
import {z} from 'zod';
import {code, markdownPage, table, type Page} from './page.ts';

const SOURCE = '.dependency-cruiser.cjs';

const rules = z.object({
  forbidden: z.array(
    z.object({
      name: z.string(),
      comment: z.string(),
      from: z.object({path: z.string().optional()}),
      to: z.object({
        path: z.string().optional(),
        circular: z.boolean().optional(),
        dependencyTypes: z.array(z.string()).optional(),
        couldNotResolve: z.boolean().optional(),
      }),
    }),
  ),
});
type Rule = z.infer<typeof rules>['forbidden'][number];

export function layersPage(): Page {
  const {forbidden} = rules.parse(createRequire(import.meta.url)('../../.dependency-cruiser.cjs'));
  return markdownPage('docs/generated/layers.md', {
    title: 'Who may not import whom',
    source: SOURCE,
    body: [
      'Each line is a rule that `npm run lint` enforces. What no line forbids is allowed. Tests beside a file are exempt.',
      table(
        ['Rule', 'From', 'Must not import', 'Why'],
        forbidden.map((rule) => [code(rule.name), from(rule), to(rule), rule.comment]),
      ),
    ],
  });
}

const from = (rule: Rule): string =>
  rule.from.path === undefined ? 'anything' : readablePath(rule.from.path);

function to({to: target}: Rule): string {
  if (target.circular === true) return 'itself, in a circle';
  if (target.couldNotResolve === true) return 'what is not declared';
  if (target.dependencyTypes?.includes('core') === true) return "Node's own modules";
  return target.path === undefined ? 'anything' : readablePath(target.path);
}

/** The patterns of the rules use groups, anchors and alternatives only. */
const readablePath = (pattern: string): string =>
  pattern
    .split(/\|(?![^(]*\))/)
    .flatMap((part) => {
      const [, before = '', group, after = ''] = /^\^?([^(]*)(?:\(([^)]*)\))?(.*)$/.exec(part) ?? [];
      const names = group === undefined ? [''] : group.split('|');
      return names.map((name) =>
        code((before + name + after).replace('node_modules/', '').replace(/\/$/, '')),
      );
    })
    .join(', ');
