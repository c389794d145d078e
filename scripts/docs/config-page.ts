// docs/generated/config.md: every environment variable of the server.
import {describeConfigKeys} from '#server/config-keys.ts';
import {code, markdownPage, table, type Page} from './page.ts';

export function configPage(): Page {
  const rows = describeConfigKeys().map(({name, description, unit, fallback, whenAbsent, secret}) => [
    code(name),
    description + (unit === undefined ? '' : ` Unit: ${unit}.`),
    whenAbsent ?? (fallback === undefined ? '' : code(fallback)),
    secret ? 'yes' : '',
  ]);
  return markdownPage('docs/generated/config.md', {
    title: 'Configuration',
    source: 'server/config-keys.ts',
    body: [
      'Environment variables. White space around a value is dropped; an empty value counts as absent. All faults ' +
        'are reported at once, and the server does not start with any.',
      table(['Key', 'Meaning', 'When absent', 'Secret'], rows),
    ],
  });
}
