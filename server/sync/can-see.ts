// The one place that says which entities a member may see at all. Which of their records: the feed's question.
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {Member} from './members.ts';

export const canSee = ({role}: Pick<Member, 'role'>, entity: EntityName): boolean =>
  role === 'manager' || entities[entity].employee.sees.kind !== 'none';
