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

/**
 * What the issuer says of a user, `at` by its clock. Undefined, and nothing done, for a user we do not know and for
 * news that is older than what the issuer said last.
 */
export async function refreshUser(
  client: pg.ClientBase,
  {subject, email, name, at}: {subject: string; email: string | null; name: string | null; at: Date},
): Promise<UserId | undefined> {
  const {rows} = await client.query<{id: UserId}>(
    `UPDATE users SET email = $2, name = $3, profile_at = $4
     WHERE clerk_user_id = $1 AND (profile_at IS NULL OR profile_at < $4) RETURNING id`,
    [subject, email, name, at],
  );
  return rows[0]?.id;
}
