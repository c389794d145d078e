// Several devices that edited the same records while they were away, and come back at the same moment.
import type {Access, Peer} from '../peers/peer.ts';
import {makeOfflineEdits} from './burst.ts';
import {clockMs} from './clock.ts';

export interface OfflineReport {
  /** From the moment all push until the last edit of the last device is acknowledged. */
  readonly ms: number;
  readonly edits: number;
  /** Edits that the server told to be in conflict. */
  readonly conflicts: number;
}

export async function pushOffline(
  peer: Peer,
  options: {access: Access; records: number; devices: number; kind: 'plain' | 'conflicting'},
): Promise<OfflineReport> {
  const {access, records, kind} = options;
  const path = peer.burstPaths.find((candidate) => candidate === 'socket' || candidate === 'documents');
  if (path === undefined) throw new Error(`${peer.name} has no socket to push on`);
  const devices = Array.from({length: options.devices}, (_, device) => device);
  const bursts = devices.map((device) => makeOfflineEdits(records, {device, kind}));
  const links = await Promise.all(devices.map((device) => peer.openBurst(access, {device, records, path})));
  const start = clockMs();
  const conflicts = await Promise.all(links.map((link, device) => link.push(bursts[device] ?? [])));
  const ms = clockMs() - start;
  await Promise.all(links.map((link) => link.close()));
  return {ms, edits: records * devices.length, conflicts: conflicts.reduce((sum, count) => sum + count, 0)};
}
