// Many sockets that say who they are and then stay silent: opened a bounded number at a time, and, after all were cut,
// all at once.
import {setTimeout as delay} from 'node:timers/promises';
import {accessOfTenant, type Access, type DeviceLink, type Peer} from '../peers/peer.ts';
import {clockMs} from './clock.ts';

export interface Crowd {
  /** Numbers of the sockets of this process. */
  readonly members: readonly number[];
  /** Socket n belongs to device n % devicesPerTenant of tenant n / devicesPerTenant, where a peer has tenants. */
  readonly devicesPerTenant: number;
}

export interface CrowdOpened {
  /** clockMs, the same for all processes. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Attempts that failed and were made again. */
  readonly retries: number;
}

export interface OpenCrowd {
  readonly opened: CrowdOpened;
  storm(): Promise<CrowdOpened>;
  /** Throws if a socket was lost meanwhile. */
  close(): Promise<void>;
}

const OPENING_MAX = 32;
const ATTEMPTS_MAX = 10;
const RETRY_MS = 100;

export async function openCrowd(peer: Peer, access: Access, crowd: Crowd): Promise<OpenCrowd> {
  const {members, devicesPerTenant} = crowd;
  const links = new Map<number, DeviceLink>();
  const faults: string[] = [];

  async function openOne(member: number): Promise<void> {
    const link = await peer.connect(
      accessOfTenant(access, Math.floor(member / devicesPerTenant)),
      {device: member % devicesPerTenant, records: 1},
      {
        onUpdate: () => undefined,
        onAck: () => undefined,
        onFault: (message) => faults.push(message),
      },
    );
    links.set(member, link);
  }

  async function openAll(atOnce: number): Promise<CrowdOpened> {
    const startedAt = clockMs();
    let next = 0;
    let retries = 0;
    const lane = async (): Promise<void> => {
      for (let at = next++; at < members.length; at = next++) {
        const member = members[at] ?? 0;
        for (let attempt = 1; !links.has(member); attempt++) {
          try {
            await openOne(member);
          } catch (error) {
            if (attempt === ATTEMPTS_MAX) throw error;
            retries++;
            await delay(RETRY_MS);
          }
        }
      }
    };
    await Promise.all(Array.from({length: Math.min(atOnce, members.length)}, lane));
    return {startedAt, endedAt: clockMs(), retries};
  }

  const opened = await openAll(OPENING_MAX);
  return {
    opened,
    storm() {
      for (const link of links.values()) link.drop();
      links.clear();
      return openAll(members.length);
    },
    async close() {
      await Promise.all([...links.values()].map((link) => link.close()));
      if (faults.length > 0) throw new Error(`sockets were lost: ${faults.slice(0, 3).join('; ')}`);
    },
  };
}
