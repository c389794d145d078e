// The WhatsApp templates as they are entered at Meta: docs/sending.md has the bodies that a preview shows.
import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {renderMessage} from './templates.ts';

const page = readFileSync(new URL('../../docs/sending.md', import.meta.url), 'utf8');

test.each(['en', 'de', 'es', 'fr'] as const)(
  'the body in %s is written down, and Meta takes it',
  (language) => {
    const {text} = renderMessage('whatsapp', language, {
      clientName: '{{1}}',
      number: '{{2}}',
      total: '{{3}}',
      businessName: '{{4}}',
      dueDate: null,
      link: '',
    });
    expect(page).toContain(`| ${text} `);
    expect(text).not.toMatch(/^\{\{|\}\}\W*$/);
    expect(text.match(/\{\{\d\}\}/g)).toEqual(['{{1}}', '{{2}}', '{{3}}', '{{4}}']);
    // More than twice as many words as variables.
    expect(text.match(/\p{L}+/gu)!.length).toBeGreaterThan(8);
  },
);
