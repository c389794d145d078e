// A small company for scope tests: two managers, three employees, and random things that they do.
import {randomUUID} from 'node:crypto';
import type {Member} from '#server/sync/members.ts';
import {memberOf} from '../support/compacted.ts';
import type {Random} from '../support/random.ts';
import type {Person, World} from '../support/world.ts';

export interface Employee {
  readonly person: Person;
  readonly member: Member;
  readonly tenantId: string;
  readonly userId: string;
  readonly employeeId: string;
}

export interface Staff {
  readonly managers: readonly Person[];
  readonly employees: readonly Employee[];
  /** Something that may change who sees what. */
  byManager(random: Random): Promise<void>;
  /** A push of theirs; refused ones are part of it. */
  byEmployee(random: Random, employee: Employee): Promise<void>;
  /** A team, which everybody sees; answers its id. */
  makeMarker(): Promise<string>;
}

type Fields = Readonly<Record<string, unknown>>;

export async function createStaff(world: World, random: Random): Promise<Staff> {
  const first = await world.newManager();
  const managers = [first, await world.newMember(first, 'manager')];
  const employees = await Promise.all(
    Array.from({length: 3}, async (): Promise<Employee> => {
      const person = await world.newMember(first, 'employee');
      const member = await memberOf(world, person);
      const {tenantId, userId, employeeId} = member;
      if (employeeId === null) throw new Error('An employee without a record.');
      return {person, member, tenantId, userId, employeeId};
    }),
  );
  const ids: Record<string, string[]> = {clients: [], teams: [], tasks: [], finance_entries: []};

  const upsert = async (
    person: Person,
    entity: string,
    entityId: string,
    payload: Fields,
  ): Promise<boolean> => {
    const [result] = await person.push([{entity, entityId, payload}]);
    return result?.status === 'applied';
  };
  const make = async (person: Person, entity: string, payload: Fields): Promise<string> => {
    const id = randomUUID();
    // Known before it is there: others may name it first.
    ids[entity]!.push(id);
    await upsert(person, entity, id, payload);
    return id;
  };
  const oneOf = (entity: string): string | null =>
    ids[entity]!.length === 0 ? null : random.pick(ids[entity]!);
  const someone = (): string | null => (random.chance(0.2) ? null : random.pick(employees).employeeId);
  const assignment = (): Fields => ({
    ...(random.chance(0.6) ? {employeeId: someone()} : {}),
    ...(random.chance(0.4) ? {teamId: oneOf('teams')} : {}),
    ...(random.chance(0.6) ? {clientId: oneOf('clients')} : {}),
  });

  return {
    managers,
    employees,
    async byManager(turn) {
      const manager = turn.pick(managers);
      const task = oneOf('tasks');
      switch (turn.integer(16)) {
        case 0:
          await make(manager, 'clients', {kind: 'person', displayName: 'Some Client'});
          break;
        case 1:
          await make(manager, 'teams', {name: 'North'});
          break;
        case 2:
        case 3:
          await make(manager, 'tasks', {title: 'Boiler', ...assignment()});
          break;
        case 4:
          await make(manager, 'finance_entries', {
            kind: turn.pick(['expense', 'invoice']),
            currency: 'EUR',
            employeeId: someone(),
          });
          break;
        case 5: {
          const {employeeId} = turn.pick(employees);
          const teamIds = ids['teams']!.filter(() => turn.chance(0.4));
          await upsert(manager, 'employees', employeeId, {teamIds});
          break;
        }
        case 6:
          if (task !== null) await manager.push([{op: 'delete', entity: 'tasks', entityId: task}]);
          break;
        case 7:
          if (task !== null) await upsert(manager, 'tasks', task, {deletedAt: null});
          break;
        case 8: {
          const client = oneOf('clients');
          if (client !== null)
            await upsert(manager, 'clients', client, {displayName: `Client ${turn.integer(99)}`});
          break;
        }
        default:
          if (task !== null) await upsert(manager, 'tasks', task, assignment());
      }
    },
    async byEmployee(turn, {person, employeeId}) {
      const task = oneOf('tasks');
      switch (turn.integer(4)) {
        case 0:
          await make(person, 'tasks', {title: 'Mine', employeeId, clientId: oneOf('clients')});
          break;
        case 1:
          await make(person, 'finance_entries', {kind: 'expense', currency: 'EUR', employeeId, taskId: task});
          break;
        case 2:
          if (task !== null) await upsert(person, 'tasks', task, {clientId: oneOf('clients')});
          break;
        default:
          if (task !== null) await upsert(person, 'tasks', task, {status: 'completed'});
      }
    },
    async makeMarker() {
      const id = randomUUID();
      await upsert(first, 'teams', id, {name: 'Marker'});
      return id;
    },
  };
}
