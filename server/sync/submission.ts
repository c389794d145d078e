// What the edges hand to a tenant's lane, and what they get back once it is durable.
import type {ChangeError, Change, ConflictSide, OverwriteEntry, RefusedField} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {Writer} from '#db/access.ts';
import type {DeliveryWrite} from '#db/group-deliveries.ts';
import type {RecordKey} from '#db/records.ts';
import type {AccessEvent} from '#db/scope.ts';

export interface Submission {
  readonly tenantId: TenantId;
  readonly userId: string;
  readonly deviceId: string;
  readonly change: Change;
  /** Server clock when it arrived, ms. */
  readonly now: number;
  /** Server clock minus device clock, ms. */
  readonly offset: number;
  /** Set where a repeat must be recognised by name: its result is kept. Yjs clocks need none. */
  readonly changeId: string | null;
  /** Decided with the change, while the record is locked. Absent: any state will do. */
  readonly precondition?: Precondition;
  /** Set where a manager lets in what came for a record outside its author's scope. */
  readonly approval?: Approval;
  /** Set where the server writes of a file for a member: decided by what the member may do then. */
  readonly attaching?: Attaching;
  /** Messages that go out because of the change: stored in its commit, unless it is refused. */
  readonly sends?: readonly DeliveryWrite[];
}

/** A file is added to a record, or taken from it, by somebody who must be allowed to write that record. */
export interface Attaching {
  readonly owner: RecordKey;
  /**
   * Of a file that is announced: there must be room for it, and the owner must not be deleted. Null for one that was
   * announced before.
   */
  readonly announcedBytes: number | null;
}

export interface Approval {
  /** A manager when it is decided. */
  readonly by: Writer;
  /** What the author works as, whose field rules still hold. */
  readonly employeeId: string | null;
  /** What is let in: once, and decided with the change. */
  readonly quarantineId: string;
}

/** What the record must be when a change is decided. `seqs`: at one of these feed positions. */
export type Precondition =
  {readonly kind: 'absent'} | {readonly kind: 'present'; readonly seqs?: readonly number[]};

/** A conflict as its author is told of it. */
export interface ConflictNotice {
  readonly id: string;
  readonly fields: readonly string[];
}

/** The committed document of a record, for a device that must start over from it. */
export interface CurrentState {
  readonly generation: number;
  readonly state: Uint8Array;
}

export type Receipt =
  | {
      readonly kind: 'applied' | 'unchanged';
      /** Feed position; null where nothing had to be logged. */
      readonly seq: number | null;
      readonly updatedAt: Date | null;
      readonly conflicts: readonly ConflictNotice[];
      readonly refused: readonly RefusedField[];
    }
  | {
      readonly kind: 'rejected';
      readonly error: ChangeError;
      readonly seq: number | null;
      readonly conflicts: readonly ConflictNotice[];
      readonly refused: readonly RefusedField[];
      /** Null where the record does not exist. */
      readonly current: CurrentState | null;
    }
  /** The update builds on something that is not here: send everything after this Yjs state vector. */
  | {readonly kind: 'need'; readonly generation: number; readonly stateVector: Uint8Array}
  | {readonly kind: 'reset'; readonly current: CurrentState};

/** One record's part of a commit, for those who follow the tenant. */
export interface CommittedRecord {
  readonly entity: EntityName;
  readonly id: string;
  readonly seq: number;
  readonly generation: number;
  /** Yjs V1 updates in order; empty where the document was compacted, and `state` must be taken. */
  readonly deltas: readonly Uint8Array[];
  readonly state: Uint8Array;
}

export interface CommittedConflict {
  readonly id: string;
  readonly seq: number;
  readonly entity: EntityName;
  readonly recordId: string;
  readonly key: string;
  readonly entries: readonly OverwriteEntry[];
}

/** What one group committed: positions `from` + 1 to `to` of the tenant's feed. */
export interface Committed {
  readonly tenantId: TenantId;
  readonly from: number;
  readonly to: number;
  readonly at: Date;
  readonly records: readonly CommittedRecord[];
  readonly conflicts: readonly CommittedConflict[];
  /** What came into or left the scope of employees, at the last of these positions. */
  readonly access: readonly AccessEvent[];
}

export type {ConflictSide, OverwriteEntry};
