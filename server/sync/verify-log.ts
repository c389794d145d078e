// Proves a tenant's log: no position missing, every row as it was written and readable, the chain whole.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {AUDIT_HEAD_START, auditDigest, groupDigest, nextAuditHead} from '#db/audit-chain.ts';
import {auditPlace} from '#db/audit-log.ts';
import {canOpen, type TenantCipher} from '#db/cipher.ts';
import {readLog, type CounterRow, type LoggedRow} from '#db/verify-reads.ts';

const PAGE = 2_000;

/** Walks a log from its first row. Each step answers what is wrong with the row, if anything. */
class LogWalk {
  private readonly tenantId: TenantId;
  private readonly cipher: TenantCipher;
  private head: Uint8Array = AUDIT_HEAD_START;
  private group: {readonly firstSeq: number; readonly at: Date; readonly digests: Uint8Array[]} | null = null;
  private last: LoggedRow | null = null;

  constructor(tenantId: TenantId, cipher: TenantCipher) {
    this.tenantId = tenantId;
    this.cipher = cipher;
  }

  get lastSeq(): number {
    return this.last?.seq ?? 0;
  }

  step(row: LoggedRow): string | null {
    const fault = this.faultOf(row);
    if (this.group === null || row.groupSeq !== this.group.firstSeq) {
      this.closeGroup();
      this.group = {firstSeq: row.groupSeq, at: row.at, digests: []};
    }
    this.group.digests.push(row.digest);
    this.last = row;
    return fault;
  }

  /** The head that the counter must have. */
  end(): Uint8Array {
    this.closeGroup();
    return this.head;
  }

  private closeGroup(): void {
    if (this.group === null) return;
    const {firstSeq, digests} = this.group;
    this.head = nextAuditHead(this.head, {firstSeq, digest: groupDigest(digests)});
    this.group = null;
  }

  private faultOf(row: LoggedRow): string | null {
    if (row.seq !== this.lastSeq + 1) return `is the first after ${this.lastSeq}: positions are missing`;
    if (!auditDigest(this.tenantId, row).equals(row.digest)) return 'was altered: its digest does not fit';
    // Digests have no key: whoever moves values and makes them anew is found here.
    if (!canOpen(this.cipher, row.detail, auditPlace(row))) return 'keeps values that cannot be opened';
    if (this.last === null || this.group === null) return null;
    const isSameGroup = row.groupSeq === this.group.firstSeq;
    if (!isSameGroup && row.groupSeq !== row.seq) return `says it was committed with ${row.groupSeq}`;
    if (isSameGroup && row.at.getTime() !== this.group.at.getTime()) return 'has another time than its group';
    if (!isSameGroup && row.at <= this.last.at) return 'is not later than the row before it';
    return null;
  }
}

/** Answers how many rows there are; `report` is told of the first fault and of a head that does not fit. */
export async function verifyLog(
  client: pg.ClientBase,
  tenantId: TenantId,
  {
    counter,
    cipher,
    report,
  }: {counter: CounterRow; cipher: TenantCipher; report: (place: string, message: string) => void},
): Promise<number> {
  const walk = new LogWalk(tenantId, cipher);
  let count = 0;
  let isBroken = false;
  for (let page = await readLog(client, tenantId, {after: 0, limit: PAGE}); page.length > 0;) {
    for (const row of page) {
      const fault = walk.step(row);
      // What comes after the first broken link follows from it.
      if (fault !== null && !isBroken) report(`audit_logs seq ${row.seq}`, fault);
      isBroken ||= fault !== null;
      count++;
    }
    page = await readLog(client, tenantId, {after: walk.lastSeq, limit: PAGE});
  }
  if (walk.lastSeq !== counter.seq) {
    report(`audit_logs seq ${counter.seq}`, `is the tenant's position, but the log ends at ${walk.lastSeq}`);
  } else if (!isBroken && !counter.auditHead.equals(walk.end())) {
    report(
      'audit_logs',
      'every row fits its digest, but the chain over them does not end at the stored head',
    );
  }
  return count;
}
