// Tells of every statement while it is under way, for a tracer. Only connections of a server that traces are wrapped.
import type pg from 'pg';

/** name: of a prepared statement, else its first word. Never its text or its values. */
export type AroundStatement = <Result>(name: string, run: () => Result) => Result;

type Query = (this: pg.ClientBase, ...args: unknown[]) => unknown;

export function traceStatements(pool: pg.Pool, around: AroundStatement): void {
  pool.on('connect', (client) => {
    const query = Reflect.get(client, 'query') as Query;
    const traced: Query = function (this: pg.ClientBase, ...args) {
      return around(nameOf(args[0]), () => query.apply(this, args));
    };
    Reflect.set(client, 'query', traced);
  });
}

function nameOf(query: unknown): string {
  const {name, text} =
    typeof query === 'string' ? {name: undefined, text: query} : (query as {name?: string; text?: string});
  return name ?? /^\s*(\w+)/.exec(text ?? '')?.[1]?.toUpperCase() ?? 'statement';
}
