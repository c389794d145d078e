// What reaches a record and what comes of it: the input and output of apply-change.ts.
import type {EntityName} from './entities/entity.ts';
import type {JsonValue} from './json.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import type {ParsedUpdate} from './update-reader.ts';
import type {WriteId} from './write.ts';

export type Role = 'manager' | 'employee';

/** The member and device a change is made for. `employeeId`: the employee record tied to the membership. */
export interface Actor {
  readonly userId: string;
  readonly deviceId: string;
  readonly role: Role;
  readonly employeeId: string | null;
  /** Whether a record is in an employee's scope; absent: none is. Managers see everything and are not asked. */
  readonly sees?: (entity: EntityName, id: string) => boolean;
  /** What they do was done a while ago: what the same device wrote meanwhile is later than it. */
  readonly isLate?: true;
}

/** A Yjs update of one record, already parsed. */
export interface UpdateChange {
  readonly kind: 'update';
  readonly entity: EntityName;
  readonly id: string;
  /** The generation of the document that the update was made on. */
  readonly generation: number;
  readonly update: ParsedUpdate;
  /** Yjs client ids that belong to the sending device. */
  readonly ownClients: ReadonlySet<number>;
}

/**
 * Which writes a JSON change had seen: all up to one feed position, by field (`fallback` for the others),
 * or everything (an edit made on the current state).
 */
export type Base =
  | {readonly kind: 'cursor'; readonly seq: number}
  | {readonly kind: 'by-field'; readonly seqs: Readonly<Record<string, number>>; readonly fallback: number}
  | {readonly kind: 'current'};

/** Fields as JSON: the changed ones only. `deletedAt: null` restores; op `delete` deletes. */
export interface JsonChange {
  readonly kind: 'json';
  readonly op: 'upsert' | 'delete';
  readonly entity: EntityName;
  readonly id: string;
  readonly changeId: string;
  /** The device's clock at the edit, ms. */
  readonly at: number;
  readonly base: Base;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Fields that only the server writes, by name. `creates`: the record may be new (attachments). */
export interface ServerChange {
  readonly kind: 'server';
  readonly entity: EntityName;
  readonly id: string;
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly creates: boolean;
}

/**
 * A manager's answer to a conflict, made on the current state. By key as the merge names them: `title`,
 * `tags/vip`, `checklist/<item id>`; null clears or removes. `deleted`: whether the record is to be deleted;
 * absent leaves that as it is.
 */
export interface RestoreChange {
  readonly kind: 'restore';
  readonly entity: EntityName;
  readonly id: string;
  readonly changeId: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly deleted?: boolean;
}

/**
 * What a Yjs update wrote whose document is gone: values by key as the merge names them, null where it deleted, and
 * what it added to texts. Each value is concurrent to what is there, but for the write that it was made over.
 */
export interface ValuesChange {
  readonly kind: 'values';
  readonly entity: EntityName;
  readonly id: string;
  readonly changeId: string;
  /** `at`: the device's clock at the write, ms. */
  readonly values: readonly {
    readonly key: string;
    readonly at: number;
    readonly value: JsonValue;
    readonly over: WriteId | null;
  }[];
  readonly texts: readonly {readonly field: string; readonly text: string}[];
}

export type Change = UpdateChange | JsonChange | ServerChange | RestoreChange | ValuesChange;

export interface ChangeContext {
  readonly actor: Actor;
  /** Server clock, ms. */
  readonly now: number;
  /** Server clock minus device clock, ms, as measured. */
  readonly offset: number;
  /** PENDING_SEQ plus the change's place in its group. */
  readonly seq: number;
  /** The feed position a cursor stands for, or null if it is none of this tenant's. */
  readonly readCursor: (text: string) => number | null;
}

/** One side of an overwrite. `field`: the key it was written to. */
export interface ConflictSide {
  readonly field: string;
  readonly value: JsonValue;
  readonly device: string;
  readonly user: string;
  /** The device's own clock, and the effective stamp, ms. */
  readonly at: number;
  readonly eff: number;
  readonly writeId: WriteId;
}

export interface OverwriteEntry {
  readonly field: string;
  /** What both had seen; absent where that is not known. */
  readonly base?: JsonValue;
  readonly winner: ConflictSide;
  readonly loser: ConflictSide;
}

/** One conflict: one key in one merge. A delete that meets several writes lists them all. */
export interface NewConflict {
  readonly key: string;
  readonly entries: readonly OverwriteEntry[];
}

export interface RefusedField {
  readonly field: string;
  readonly code: ErrorCode;
}

/** A value that changed, for the audit log. Texts say only that they changed. */
export type AuditEntry =
  | {readonly key: string; readonly before: JsonValue; readonly after: JsonValue}
  | {readonly key: string; readonly text: true};

export interface Applied {
  readonly status: 'applied' | 'unchanged' | 'rejected';
  /** Why, when rejected. */
  readonly error?: ChangeError;
  readonly refused: readonly RefusedField[];
  readonly conflicts: readonly NewConflict[];
  readonly audit: readonly AuditEntry[];
  /** Yjs V1 bytes that bring a replica of the state before to the state after; null if the document did not change. */
  readonly delta: Uint8Array | null;
  /** Whether anything must be stored: the document, or what is remembered of its writes. */
  readonly changed: boolean;
  readonly created: boolean;
  /** Tips that arrived without their value: a conflict there could not be logged. */
  readonly valuesLost: number;
}

export interface ChangeError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** For `text_base_stale`: the current text. */
  readonly current?: string;
}

export type ChangeOutcome =
  | ({readonly kind: 'done'} & Applied)
  /** The update builds on something the server lacks. */
  | {readonly kind: 'need'}
  /** The update belongs to another generation of the document. */
  | {readonly kind: 'reset'};

/** An outcome that touched nothing. */
export const untouched = (status: 'unchanged' | 'rejected', error?: ChangeError): ChangeOutcome => ({
  kind: 'done',
  status,
  ...(error === undefined ? {} : {error}),
  refused: [],
  conflicts: [],
  audit: [],
  delta: null,
  changed: false,
  created: false,
  valuesLost: 0,
});
