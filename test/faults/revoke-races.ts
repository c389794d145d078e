// Takes a member's right away on one node while they write on another as fast as they can, and says what came of it: from
// the commit that revoked it on nothing of theirs may be committed, and what they are still sent must end soon.
import {randomUUID} from 'node:crypto';
import type {LiveDevice} from '../support/live-device.ts';
import type {TestNode} from '../support/nodes.ts';
import type {Random} from '../support/random.ts';
import type {Answer, Person} from '../support/world.ts';

/** One way to lose a right. To add one: what the manager asks for, and how log and socket show that it came through. */
export interface RaceKind {
  readonly name: string;
  readonly revoke: (manager: Person, member: Target) => Promise<Answer>;
  /** Of the log row that revokes. */
  readonly action: string;
  /** The socket is closed with one of these: a write that is refused may end it before the node hears of the revocation. */
  readonly codes: readonly number[];
}

export interface Target {
  readonly userId: string;
  readonly deviceId: string;
}

export const raceKinds: readonly RaceKind[] = [
  {
    name: 'revoked device',
    revoke: (manager, {deviceId}) => manager.send('DELETE', `/v1/devices/${deviceId}`),
    action: 'device.revoked',
    codes: [4405, 4406],
  },
  {
    name: 'demotion',
    revoke: (manager, {userId}) =>
      manager.send('PATCH', `/v1/tenants/${manager.tenantId}/members/${userId}`, {role: 'employee'}),
    action: 'member.role_changed',
    codes: [4406],
  },
  {
    name: 'removed member',
    revoke: (manager, {userId}) =>
      manager.send('DELETE', `/v1/tenants/${manager.tenantId}/members/${userId}`),
    action: 'member.removed',
    codes: [4406],
  },
];

export interface RaceReport {
  /** What the member sent, and what of it was acknowledged. */
  readonly sent: number;
  readonly acked: number;
  /** Log rows of the member's device behind the row that revokes: there may be none. */
  readonly late: number;
  /** Acknowledged writes that the log does not have. */
  readonly missing: number;
  readonly code: number;
  /** From the revoking commit, by its own time, to the last frame and to the end of the socket. */
  readonly lastFrameMs: number;
  readonly closedMs: number;
}

/** Writes that wait for their answers. */
const INFLIGHT_MAX = 8;

/** node: where the right is taken away; other: where its owner writes. */
export async function runRace(
  kind: RaceKind,
  {node, other, manager, random}: {node: TestNode; other: TestNode; manager: Person; random: Random},
): Promise<RaceReport> {
  const member = await node.world.newMember(manager, 'manager');
  const {body} = await member.get<{id: string}>('/v1/me');
  const target = {userId: body.id, deviceId: member.deviceId};
  const device = await other.live.connect(member);
  let lastFrameAt = 0;
  device.ws.on('message', () => (lastFrameAt = Date.now()));
  const writing = writeUntilClosed(device);
  const traffic = editUntilClosed(node.world.here(manager), device);
  const begun = random.integer(20);
  await device.until(() => countAcked(device) >= begun || device.closed !== null);
  for (let turns = random.integer(10); turns > 0; turns--) await new Promise(setImmediate);
  const {status} = await kind.revoke(node.world.here(manager), target);
  if (status >= 300) throw new Error(`Nothing was revoked: ${status}`);
  const {code} = await device.ended();
  const closedAt = Date.now();
  const [sent] = await Promise.all([writing, traffic]);
  const log = await readLog(node, {kind, manager, target});
  const seqs = new Set(log.seqs);
  const acked = ackedSeqs(device);
  return {
    sent,
    acked: acked.length,
    late: log.seqs.filter((seq) => seq > log.revokedSeq).length,
    missing: acked.filter((seq) => !seqs.has(seq)).length,
    code,
    lastFrameMs: Math.max(0, lastFrameAt - log.revokedAt),
    closedMs: Math.max(0, closedAt - log.revokedAt),
  };
}

/** Answers how many writes were sent. */
async function writeUntilClosed(device: LiveDevice): Promise<number> {
  let sent = 0;
  while (device.closed === null) {
    device.write('tasks', randomUUID(), {title: `Roof ${sent}`});
    sent++;
    await device.until(() => sent - countAnswered(device) < INFLIGHT_MAX || device.closed !== null);
  }
  return sent;
}

/** Gives the member's socket something to be sent. */
async function editUntilClosed(manager: Person, device: LiveDevice): Promise<void> {
  while (device.closed === null) await manager.push([{entity: 'tasks', payload: {title: 'Gutter'}}]);
}

const countAnswered = ({answers}: LiveDevice): number =>
  [...answers.values()].filter(({size}) => size > 0).length;

const ackedSeqs = ({answers}: LiveDevice): number[] =>
  [...answers.values()].flatMap((byIndex) =>
    [...byIndex.values()].flatMap((answer) =>
      answer.kind === 'ack' && answer.seq !== null ? [answer.seq] : [],
    ),
  );

const countAcked = (device: LiveDevice): number => ackedSeqs(device).length;

async function readLog(
  {world}: TestNode,
  {kind, manager, target}: {kind: RaceKind; manager: Person; target: Target},
): Promise<{revokedSeq: number; revokedAt: number; seqs: number[]}> {
  const {owner} = world.database;
  const revoked = await owner.query<{seq: number; at: Date}>(
    `SELECT seq, at FROM audit_logs WHERE tenant_id = $1 AND action = $2 ORDER BY seq DESC LIMIT 1`,
    [manager.tenantId, kind.action],
  );
  const [row] = revoked.rows;
  if (row === undefined) throw new Error('The log does not say who was revoked');
  const written = await owner.query<{seq: number}>(
    `SELECT seq FROM audit_logs WHERE tenant_id = $1 AND user_id = $2 AND device_id = $3`,
    [manager.tenantId, target.userId, target.deviceId],
  );
  return {revokedSeq: row.seq, revokedAt: row.at.getTime(), seqs: written.rows.map(({seq}) => seq)};
}
