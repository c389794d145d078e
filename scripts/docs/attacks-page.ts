// docs/generated/attacks.md: every attack on the update path, with what must come of it.
import {attacks, type Expected} from '#test/attacks/catalogue.ts';
import {code, markdownPage, table, type Page} from './page.ts';

export function attacksPage(): Page {
  return markdownPage('docs/generated/attacks.md', {
    title: 'Attacks on the update path',
    source: 'test/attacks/catalogue.ts',
    body: [
      'Each is a test: [attacks.test.ts](../../test/attacks/attacks.test.ts) sends it, and demands the outcome, that ' +
        'nothing is left behind that should not be, and that nobody else is blocked. Numbers that are missing are ' +
        'not about the bytes of one update and have tests of their own beside it. What the defences are: ' +
        '[security.md](../security.md).',
      table(
        ['Attack', 'What is sent', 'Sender', 'Outcome'],
        attacks.map(({id, name, role, expected}) => [id, name, role, describe(expected)]),
      ),
    ],
  });
}

function describe(expected: Expected): string {
  switch (expected.kind) {
    case 'refused':
      return `refused whole: ${expected.codes.map(code).join(' or ')}`;
    case 'need':
      return 'nothing stored; the sender is told what the server has';
    case 'field-refused':
      return `clocks consumed, ${code(expected.field)} keeps its value: ${code(expected.code)}`;
    case 'merged-in-part':
      return `an ordinary edit but for ${code(expected.field)}: ${code(expected.code)}`;
    case 'merged':
      return 'an ordinary edit: merged by the rules';
    case 'unchanged':
      return 'adds nothing';
  }
}
