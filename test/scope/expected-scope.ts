// What each employee of a tenant is to see, said once more and in another way than the server says it: plain loops
// over the rows. Read with all rights.
import type pg from 'pg';

interface Row {
  readonly id: string;
  readonly [column: string]: unknown;
}

/** Names of records, `entity/id`, sorted. */
export async function expectedScope(
  owner: pg.Pool,
  {tenantId, userId}: {tenantId: string; userId: string},
): Promise<string[]> {
  const rowsOf = async (table: string): Promise<Row[]> =>
    (await owner.query<Row>(`SELECT * FROM ${table} WHERE tenant_id = $1`, [tenantId])).rows;
  const [clients, employees, teams, serviceTypes, tasks, finance, attachments] = await Promise.all(
    ['clients', 'employees', 'teams', 'service_types', 'tasks', 'finance_entries', 'attachments'].map(rowsOf),
  );
  const {rows: memberships} = await owner.query<{employee_id: string | null}>(
    'SELECT employee_id FROM memberships WHERE tenant_id = $1 AND user_id = $2',
    [tenantId, userId],
  );
  const employeeId = memberships[0]?.employee_id ?? null;
  const myTeams = (employees!.find(({id}) => id === employeeId)?.['team_ids'] ?? []) as string[];
  const names: string[] = [];
  const add = (entity: string, {id}: Row): void => void names.push(`${entity}/${id}`);
  for (const team of teams!) add('teams', team);
  for (const serviceType of serviceTypes!) add('service_types', serviceType);
  const myTasks = tasks!.filter(
    (task) =>
      (employeeId !== null && task['employee_id'] === employeeId) ||
      (task['team_id'] !== null && myTeams.includes(task['team_id'] as string)) ||
      task['created_by'] === userId,
  );
  for (const task of myTasks) add('tasks', task);
  const living = myTasks.filter((task) => task['deleted_at'] === null);
  for (const client of clients!) {
    if (living.some((task) => task['client_id'] === client.id)) add('clients', client);
  }
  for (const employee of employees!) if (employee.id === employeeId) add('employees', employee);
  for (const entry of finance!) {
    if (entry['kind'] === 'expense' && employeeId !== null && entry['employee_id'] === employeeId)
      add('finance_entries', entry);
  }
  const seen = new Set(names);
  for (const attachment of attachments!) {
    if (seen.has(`${String(attachment['owner_type'])}/${String(attachment['owner_id'])}`))
      add('attachments', attachment);
  }
  return names.sort();
}
