// Numbers without gaps: taken inside the transaction that uses them, so a rollback gives them back.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';

/** Takes `count` numbers of a series and answers the first. The row's lock makes others wait until this commits. */
export async function takeNumbers(
  client: pg.ClientBase,
  tenantId: TenantId,
  {series, count}: {series: string; count: number},
): Promise<number> {
  const {rows} = await client.query<{first: number}>({
    name: 'take_numbers',
    text: `INSERT INTO series AS s (tenant_id, key, next) VALUES ($1, $2, 1 + $3::bigint)
           ON CONFLICT (tenant_id, key) DO UPDATE SET next = s.next + $3::bigint
           RETURNING next - $3::bigint AS first`,
    values: [tenantId, series, count],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('An upsert returned no row');
  return row.first;
}
