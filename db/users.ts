// Users by the issuer's id. They belong to no tenant.
import type pg from 'pg';
import type {UserId} from '#crdt/protocol/ids.ts';

export interface UserRow {
  readonly id: UserId;
  /** Lower case. */
  readonly email: string | null;
  readonly name: string | null;
}

export async function findUser(
  client: pg.ClientBase | pg.Pool,
  subject: string,
): Promise<UserRow | undefined> {
  const {rows} = await client.query<UserRow>(`SELECT id, email, name FROM users WHERE clerk_user_id = $1`, [
    subject,
  ]);
  return rows[0];
}

/** Makes the user if there is none of that subject. A null leaves what is known. */
export async function saveUser(
  client: pg.ClientBase | pg.Pool,
  {subject, email, name}: {subject: string; email: string | null; name: string | null},
): Promise<UserRow> {
  const {rows} = await client.query<UserRow>(
    `INSERT INTO users (clerk_user_id, email, name) VALUES ($1, $2, $3)
     ON CONFLICT (clerk_user_id) DO UPDATE
       SET email = coalesce(excluded.email, users.email), name = coalesce(excluded.name, users.name)
     RETURNING id, email, name`,
    [subject, email, name],
  );
  const [user] = rows;
  if (user === undefined) throw new Error('An upsert returned no row');
  return user;
}
