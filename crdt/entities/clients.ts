// Clients: the people and companies that work is done for.
import {z} from 'zod';
import {declareEntity, register, set, text} from './entity.ts';
import {currency, email, integer, language, line, memberLine, phone} from './field-schemas.ts';
import {address, consent} from './value-objects.ts';

const consentTo = (channel: string) =>
  register({
    schema: consent,
    sql: 'jsonb',
    // A register per channel: an opt-out of one must not be lost to an opt-in to another.
    description: `Whether the client agreed to messages by ${channel}, when, and how it is known.`,
  });

export const clients = declareEntity({
  name: 'clients',
  singular: 'client',
  list: {sorts: ['paymentTermsDays'], searches: ['tags']},
  fields: {
    kind: register({
      schema: z.enum(['person', 'company']),
      sql: 'text',
      required: true,
      description: 'A person or a company.',
    }),
    displayName: register({
      schema: line({max: 200}),
      sql: 'text',
      sensitive: true,
      required: true,
      description: 'The name in lists and on invoices.',
    }),
    companyName: register({
      schema: line({max: 200}),
      sql: 'text',
      sensitive: true,
      description: 'Registered company name.',
    }),
    contactName: register({
      schema: line({max: 200}),
      sql: 'text',
      sensitive: true,
      description: 'Whom to ask for.',
    }),
    email: register({
      schema: email,
      sql: 'text',
      sensitive: true,
      findable: 'any-case',
      description: 'Email address.',
    }),
    phone: register({
      schema: phone,
      sql: 'text',
      sensitive: true,
      findable: 'exact',
      description: 'Phone number, E.164.',
    }),
    whatsapp: register({
      schema: phone,
      sql: 'text',
      sensitive: true,
      findable: 'exact',
      description: 'WhatsApp number, E.164.',
    }),
    preferredChannel: register({
      schema: z.enum(['whatsapp', 'sms', 'email', 'none']),
      sql: 'text',
      description: 'Where messages go first.',
    }),
    consentWhatsapp: consentTo('WhatsApp'),
    consentSms: consentTo('SMS'),
    consentEmail: consentTo('email'),
    billingAddress: register({
      schema: address,
      sql: 'jsonb',
      sensitive: true,
      description: 'Where invoices go.',
    }),
    serviceAddress: register({
      schema: address,
      sql: 'jsonb',
      sensitive: true,
      description: 'Where the work is, unless the task says otherwise.',
    }),
    taxId: register({
      schema: line({max: 50}),
      sql: 'text',
      sensitive: true,
      description: 'VAT or other tax number.',
    }),
    defaultCurrency: register({
      schema: currency,
      sql: 'text',
      description: 'Currency of new invoices, ISO 4217.',
    }),
    paymentTermsDays: register({
      schema: integer({min: 0, max: 365}),
      sql: 'integer',
      description: 'Days from issue to due date.',
    }),
    language: register({
      schema: language,
      sql: 'text',
      description: 'Language of messages and invoices, BCP 47.',
    }),
    tags: set({schema: memberLine({max: 50}), description: 'Free labels.'}),
    status: register({
      schema: z.enum(['lead', 'active', 'archived']),
      sql: 'text',
      description: 'Where the relation stands.',
    }),
    notes: text({sensitive: true, description: 'What everyone on site should know.'}),
  },
  employee: {
    sees: {kind: 'any', of: [{kind: 'referenced-by', entity: 'tasks', field: 'clientId'}]},
    writes: ['notes'],
    appendsOnly: ['notes'],
  },
});
