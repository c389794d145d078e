// Questions about several tenants, sent to the database together. Those that share a statement are one; each tenant has a
// transaction of its own, and all of them one round trip. Thousands of devices that come back at once, each to its
// tenant, then cost what a few messages cost.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantStatement} from '#db/transaction.ts';
import {gather} from './gather.ts';

export interface GatherByTenantOptions<Question, Raw, Answer> {
  /** withTenantsAtOnce or readTenantsAtOnce. */
  readonly send: (asked: readonly TenantStatement<Raw>[]) => Promise<Promise<Raw>[]>;
  /** Questions with the same key are of one tenant and share a statement. */
  readonly keyOf: (question: Question) => string;
  /** Whoever has another one waits for nobody here, and nobody for them. Absent: one round for all. */
  readonly roundOf?: (question: Question) => string;
  readonly ask: (client: pg.ClientBase, questions: readonly [Question, ...Question[]]) => Promise<Raw>;
  /** What becomes of the transaction of a statement; the answer to all its questions. */
  readonly finish: (answered: Promise<Raw>, questions: readonly [Question, ...Question[]]) => Promise<Answer>;
  /** Questions sent together at most. */
  readonly max: number;
}

/** Answers a function that asks one question; see gather. */
export function gatherByTenant<Question extends {readonly tenantId: TenantId}, Raw, Answer>({
  send,
  keyOf,
  roundOf = () => '',
  ask,
  finish,
  max,
}: GatherByTenantOptions<Question, Raw, Answer>): (question: Question) => Promise<Answer> {
  const askAll = async (questions: readonly Question[]): Promise<Promise<Answer>[]> => {
    const groups = new Map<string, [Question, ...Question[]]>();
    for (const question of questions) {
      const key = keyOf(question);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [question]);
      else group.push(question);
    }
    const waiting = [...groups.values()];
    const answered = await send(
      waiting.map((group) => ({
        tenantId: group[0].tenantId,
        statement: (client) => ask(client, group),
      })),
    );
    const answers = new Map<Question, Promise<Answer>>();
    for (const [index, raw] of answered.entries()) {
      const group = waiting[index];
      if (group === undefined) continue;
      const answer = finish(raw, group);
      for (const question of group) answers.set(question, answer);
    }
    return questions.map((question) => answers.get(question) ?? Promise.reject(new Error('Nobody answered')));
  };
  return gather({keyOf: roundOf, askAll, max});
}
