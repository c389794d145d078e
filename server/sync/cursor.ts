// Cursors: opaque places in a tenant's feed. A cursor is good for one membership in one role, and for one
// history of the database; whoever holds another one must read everything again.
import {createHash} from 'node:crypto';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {Member} from './members.ts';

export type CursorOwner = Pick<Member, 'tenantId' | 'membershipId' | 'roleVersion'>;

export interface Cursors {
  write(owner: CursorOwner, seq: number): string;
  /** Throws `bad_cursor` for what is no cursor, and `resync` for one of another tenant, role or epoch. */
  read(owner: CursorOwner, text: string): number;
  /** The position a cursor of any member of the tenant stands for; null if it is none of this history. */
  peek(tenantId: TenantId, text: string): number | null;
}

const pattern = /^c1\.([0-9a-f]{12})\.([0-9a-f]{12})\.([0-9a-z]{1,11})$/;

/** epoch: the database's, which changes when a backup is restored. */
export function createCursors(epoch: string): Cursors {
  const history = (tenantId: TenantId): string => shortHash(`${epoch}/${tenantId}`);
  const holder = ({membershipId, roleVersion}: CursorOwner): string =>
    shortHash(`${membershipId}/${roleVersion}`);
  const parse = (text: string) => {
    const [, historyPart, holderPart, seqPart] = pattern.exec(text) ?? [];
    const seq = parseInt(seqPart ?? '', 36);
    return Number.isSafeInteger(seq) ? {historyPart, holderPart, seq} : null;
  };
  return {
    write: (owner, seq) => `c1.${history(owner.tenantId)}.${holder(owner)}.${seq.toString(36)}`,
    read(owner, text) {
      const cursor = parse(text);
      if (cursor === null) throw new SyncError('bad_cursor');
      if (cursor.historyPart !== history(owner.tenantId) || cursor.holderPart !== holder(owner)) {
        throw new SyncError('resync');
      }
      return cursor.seq;
    },
    peek(tenantId, text) {
      const cursor = parse(text);
      return cursor === null || cursor.historyPart !== history(tenantId) ? null : cursor.seq;
    },
  };
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
