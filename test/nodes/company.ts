// Two nodes that may be restarted, and the people of one tenant on them, for histories that follow each other.
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {Member} from '#server/sync/members.ts';
import {memberOf} from '../support/compacted.ts';
import {startNode, type TestNode} from '../support/nodes.ts';
import type {Random} from '../support/random.ts';
import type {Person, World} from '../support/world.ts';
import {createFrameFaults, type FrameFaults} from './frame-faults.ts';
import {Journal} from './journal.ts';

export interface Staffer {
  readonly person: Person;
  readonly member: Member;
}

export interface Cluster {
  /** A restarted one takes the place of the one before. */
  readonly nodes: TestNode[];
  readonly faults: FrameFaults;
  readonly journal: Journal;
}

export interface Company extends Cluster {
  readonly tenantId: TenantId;
  readonly manager: Staffer;
  readonly employees: readonly Staffer[];
  /** A manager of the tenant who can be spared; another one each time. */
  hire(): Promise<Staffer>;
  /** The node's sockets close, what its lanes have is finished, and another takes its place. */
  restart(place: number): Promise<void>;
}

/** Ends with the test that runs. */
export async function startCluster(random: Random): Promise<Cluster> {
  const faults = createFrameFaults(random);
  const through = faults.wire;
  const first = await startNode({through});
  const nodes = [first, await startNode({nextTo: first, through})];
  const journal = new Journal();
  for (const [place, {world}] of nodes.entries()) journal.observe(world.service, place);
  return {nodes, faults, journal};
}

/** A new tenant with a manager and two employees. */
export async function foundCompany(cluster: Cluster): Promise<Company> {
  const {nodes, faults, journal} = cluster;
  // Of the node that is there when it is asked for.
  const first = (): World => nodes[0]!.world;
  const staffer = async (person: Person): Promise<Staffer> => ({
    person,
    member: await memberOf(first(), person),
  });
  const manager = await staffer(await first().newManager());
  const hire = async (role: 'manager' | 'employee'): Promise<Staffer> =>
    staffer(await first().newMember(first().here(manager.person), role));
  return {
    ...cluster,
    tenantId: manager.member.tenantId,
    manager,
    employees: [await hire('employee'), await hire('employee')],
    hire: () => hire('manager'),
    async restart(place) {
      const old = nodes[place]!;
      await old.live.transport.stop();
      await old.stop();
      const node = await startNode({nextTo: old, through: faults.wire});
      nodes[place] = node;
      journal.observe(node.world.service, place);
    },
  };
}
