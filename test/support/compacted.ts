// Makes a record's history outgrow its values, so that the server begins a new generation of it.
import type {RecordId, TenantId, UserId, DeviceId} from '#crdt/protocol/ids.ts';
import type {Member} from '#server/sync/members.ts';
import {jsonSubmission} from './submissions.ts';
import type {Person, World} from './world.ts';

const ROUND = 100;
const ROUNDS_MAX = 60;

/** The person as the use cases know them. */
export async function memberOf(world: World, person: Person): Promise<Member> {
  const {subject, email} = person;
  const user = await world.service.users.resolveUser({subject, email, emailVerified: true});
  return world.service.members.resolveMember({
    userId: user.id satisfies UserId,
    tenantId: (person.tenantId ?? undefined) as TenantId | undefined,
    deviceId: person.deviceId as DeviceId,
  });
}

/** Edits a task of the person's until its generation rises; answers the new generation. */
export async function growTask(world: World, person: Person, id: string): Promise<number> {
  const {service} = world;
  const member = await memberOf(world, person);
  const key = {entity: 'tasks' as const, id: id as RecordId};
  const generationOf = async (): Promise<number> =>
    (await service.feed.readOne(member, key))?.generation ?? 0;
  const before = await generationOf();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const payloads = Array.from({length: ROUND}, (_, index) => ({
      title: `Title ${round} ${index}`,
      notes: {append: `${index % 10}`},
    }));
    await Promise.all(
      payloads.map((payload) =>
        service.lanes.submit(jsonSubmission(member, {...key, payload, named: false})),
      ),
    );
    const now = await generationOf();
    if (now > before) return now;
  }
  throw new Error('The record was not compacted.');
}
