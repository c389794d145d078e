// A Postgres of the test's own, to be stopped, filled and replaced, with nodes over it.
import {randomBytes, randomUUID} from 'node:crypto';
import {onTestFinished} from 'vitest';
import {startEmbedded, type Embedded} from '#db/embedded.ts';
import {migrateDatabase} from '#db/migrate.ts';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import type {Person} from '#test/support/world.ts';
import {asking} from './node-callers.ts';
import {startWholeNode, type WholeNode, type WholeNodeOptions} from './whole-node.ts';

export interface OwnPostgres extends Embedded {
  readonly dataDir: string;
}

/** Ends with the test. dataDir: absent: a new one. */
export async function startOwnPostgres(
  settings: Readonly<Record<string, string>> = {},
  dataDir?: string,
): Promise<OwnPostgres> {
  const folder = dataDir ?? (await makeScratchFolder());
  const embedded = await startEmbedded({dataDir: folder, settings});
  let stopped: Promise<void> | undefined;
  const end = (how: () => Promise<void>) => () => (stopped ??= how());
  const postgres = {...embedded, dataDir: folder, stop: end(embedded.stop), kill: end(embedded.kill)};
  onTestFinished(() => postgres.kill());
  return postgres;
}

/** People and nodes that may meet over several databases, since all have the same keys. */
export interface Company {
  readonly startNode: (
    databaseUrl: string,
    others?: Pick<WholeNodeOptions, 'onLineChanged' | 'answerMsMax' | 'idleInTransactionMsMax'>,
  ) => Promise<WholeNode>;
  /** A new tenant's manager, asking that node. */
  readonly newManager: (node: WholeNode) => Promise<Person>;
}

export async function openCompany(): Promise<Company> {
  const issuer = await openDevelopmentIssuer({dataDir: await makeScratchFolder(), now: Date.now});
  const keys = {masterKey: randomBytes(32).toString('base64'), publicKeyPem: issuer.publicKeyPem};
  return {
    async startNode(databaseUrl, others = {}) {
      await migrateDatabase(databaseUrl);
      const node = await startWholeNode({...keys, databaseUrl, ...others});
      onTestFinished(() => node.stop());
      return node;
    },
    async newManager(node) {
      const [subject, deviceId] = [`user_${randomUUID()}`, randomUUID()];
      const email = `${subject}@example.com`;
      const token = await issuer.issue({subject, email, name: 'Ana Example'});
      const person = asking({subject, email, token, deviceId, tenantId: null} as Person, node);
      const {body} = await person.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
      return person.in(body.id);
    },
  };
}
