import {describe, expect, it} from 'vitest';
import {entities} from '../entities/registry.ts';
import {recordListParameters} from './record-list.ts';

const clients = recordListParameters(entities.clients);

describe('a whole value asked for', () => {
  it.each([
    ['phone', '+49 (151) 1234-5678', '+4915112345678'],
    ['phone', ' 49 151 12345678', '+4915112345678'],
    ['whatsapp', ' +4915112345678 ', '+4915112345678'],
    ['email', ' Ana@EXAMPLE.com', 'Ana@example.com'],
    ['email', 'ana+x@example.com', 'ana+x@example.com'],
    ['email', 'ana x@example.com', 'ana+x@example.com'],
  ])('%s=%j is taken in the normal form of the field', (param, text, expected) => {
    expect(clients.parse({[param]: text})).toMatchObject({[param]: expected});
  });

  it.each([
    ['phone', '0151 12345678', /possible phone number/],
    ['phone', '', /possible phone number/],
    ['phone', '+49151%', /possible phone number/],
    ['email', 'ana', /email address/],
    ['email', 'ana@example', /email address/],
    ['email', 'a b c@example.com', /email address/],
    ['email', `${'a'.repeat(200)}@example.com`, /at most 200/],
  ])('%s=%j is refused under its name, without repeating it', (param, text, message) => {
    const {error} = clients.safeParse({[param]: text});
    expect(error?.issues).toEqual([
      expect.objectContaining({path: [param], message: expect.stringMatching(message) as string}),
    ]);
  });

  it.each(['displayName', 'taxId', 'notes', 'email_hash'])('%s is no parameter', (param) => {
    expect(clients.safeParse({[param]: 'ana@example.com'}).success).toBe(false);
  });
});
