// How an entity is declared: its fields with kind, schema and winner rule, and what each role sees and may
// write. Rows, validation, OpenAPI, scope and encryption read these declarations; nothing about a field is
// said anywhere else.
import type {z} from 'zod';
import type {JsonObject, JsonValue} from '../json.ts';

export type EntityName =
  'clients' | 'employees' | 'teams' | 'service_types' | 'tasks' | 'finance_entries' | 'attachments';

/** Column type of the typed row. A sensitive field's column is `bytea` (sealed) whatever is said here. */
export type SqlType = 'text' | 'integer' | 'bigint' | 'boolean' | 'timestamptz' | 'date' | 'uuid' | 'jsonb';

/**
 * Who wins between two concurrent writes. `latest`: the later effective stamp. `furthest`: the value of
 * higher rank first, then the later stamp; a value without a rank counts as 0.
 */
export type WinnerRule =
  {readonly kind: 'latest'} | {readonly kind: 'furthest'; readonly rank: Readonly<Record<string, number>>};

interface FieldCommon {
  /** Encrypted at rest; never in logs, audit summaries or metrics. */
  readonly sensitive: boolean;
  /** The entity whose ids the value (member, for a set) names. */
  readonly references?: EntityName;
  readonly description: string;
}

/**
 * How a sensitive text can be asked for by a whole value: as it is stored, or in any letter case. Its row keeps a
 * keyed hash beside the sealed value.
 */
export type Findable = 'exact' | 'any-case';

/** A key of the `fields` map. The schema parses one value to its normal form and never sees null. */
export interface RegisterField extends FieldCommon {
  readonly kind: 'register';
  readonly schema: z.ZodType<JsonValue>;
  readonly sql: SqlType;
  readonly required: boolean;
  /** The value given at creation stays: a later write of another value is refused as `frozen`. */
  readonly fixed: boolean;
  readonly winner: WinnerRule;
  /** Absent: a list cannot be narrowed by it, if it is sensitive. */
  readonly findable?: Findable;
}

/** A register that only the server writes; a device's write to it is refused. */
export interface ServerField extends FieldCommon {
  readonly kind: 'server';
  readonly schema: z.ZodType<JsonValue>;
  readonly sql: SqlType;
}

/** A `Y.Map` root `set:<field>`; the schema parses one member, which is also its key. */
export interface SetField extends FieldCommon {
  readonly kind: 'set';
  readonly schema: z.ZodType<string>;
}

/** A `Y.Map` root `items:<field>`; the schema parses one item, without its id, with its `position`. */
export interface ItemsField extends FieldCommon {
  readonly kind: 'items';
  readonly schema: z.ZodType<JsonObject>;
}

/** A `Y.Text` root `text:<field>`. */
export interface TextField extends FieldCommon {
  readonly kind: 'text';
}

/** Not in the document: a pure function of the record's other fields, the same on device and server. */
export interface DerivedField extends FieldCommon {
  readonly kind: 'derived';
  readonly schema: z.ZodType<JsonValue>;
  readonly sql: SqlType;
  readonly derive: (fields: JsonObject) => JsonValue;
}

export type Field = RegisterField | ServerField | SetField | ItemsField | TextField | DerivedField;

/** One condition on a record for the member `self`; a record is in scope if any holds. */
export type ScopeCondition =
  /**
   * The field names the member's own employee record. `id`: the record is that employee. With `where`, only
   * if that field, which is `fixed`, has that value too.
   */
  | {
      readonly kind: 'own-employee';
      readonly field: string;
      readonly where?: {readonly field: string; readonly equals: string};
    }
  /** The field names a team the member's employee record belongs to. */
  | {readonly kind: 'own-team'; readonly field: string}
  /** The member created the record. */
  | {readonly kind: 'created-by-self'}
  /** A record of `entity` in scope names this one in its `field`. */
  | {readonly kind: 'referenced-by'; readonly entity: EntityName; readonly field: string}
  /** The record belongs to an owner in scope: `ownerType` and `ownerId` name it. */
  | {readonly kind: 'owner-in-scope'};

export type Scope =
  | {readonly kind: 'all'}
  | {readonly kind: 'none'}
  | {readonly kind: 'any'; readonly of: readonly ScopeCondition[]};

/** What an employee may do to records in scope. A manager may do everything but write server fields. */
export interface EmployeeRule {
  readonly sees: Scope;
  /** Fields an employee may write on a record in scope, if `mayWrite` agrees. */
  readonly writes: readonly string[];
  /** Narrows `writes` by record and value; absent: every value. `before` is empty for a new record. */
  readonly mayWrite?: (write: {field: string; value: JsonValue; before: JsonObject; self: Member}) => boolean;
  /** Whether an employee may create this record, given its fields; then any field but server ones. Absent: never. */
  readonly creates?: (record: {fields: JsonObject; self: Member}) => boolean;
  /** Text fields an employee may only add to and take back own text from. */
  readonly appendsOnly: readonly string[];
}

/** The member a rule is asked about. */
export interface Member {
  readonly userId: string;
  readonly employeeId: string | null;
}

export interface Entity {
  readonly name: EntityName;
  /** In error messages and summaries: "task". */
  readonly singular: string;
  readonly schemaVersion: number;
  readonly fields: Readonly<Record<string, Field>>;
  /** Fields that may not change in the state `before`. Never sees the incoming values. */
  readonly frozen: (before: JsonObject) => readonly string[];
  /** Whether a field is frozen against this one value in the state `before`. Absent: none is. */
  readonly keeps?: (before: JsonObject, field: string, value: JsonValue) => boolean;
  readonly employee: EmployeeRule;
  /** False: devices only read it. */
  readonly writable: boolean;
  /** What a list of these records may be sorted by and its text search reads; list-filters.ts derives the rest. */
  readonly list: Listing;
  /** The number the server gives a record once, and when. Absent: records of this entity have none. */
  readonly numbering?: Numbering;
}

/** Names of fields that are not sensitive: sealed values neither sort nor match. */
export interface Listing {
  readonly sorts: readonly string[];
  readonly searches: readonly string[];
}

/** Numbers of one series have no gaps within a tenant. */
export interface Numbering {
  readonly field: string;
  /**
   * The series a record without a number takes one from now, or null if it is not due yet. today: the server's date in
   * UTC, YYYY-MM-DD.
   */
  readonly seriesOf: (fields: JsonObject, today: string) => string | null;
  readonly format: (number: number, series: string) => JsonValue;
  /** What the server sets with the number, beside it. Absent: nothing. */
  readonly alsoSets?: (fields: JsonObject, today: string) => JsonObject;
}

type Settings<F extends Field, Optional extends keyof F> = Omit<F, 'kind' | Optional> &
  Partial<Pick<F, Optional>>;

export const register = (
  settings: Settings<RegisterField, 'sensitive' | 'required' | 'fixed' | 'winner'>,
): RegisterField => ({
  kind: 'register',
  sensitive: false,
  required: false,
  fixed: false,
  winner: {kind: 'latest'},
  ...settings,
});

export const serverRegister = (settings: Settings<ServerField, 'sensitive'>): ServerField => ({
  kind: 'server',
  sensitive: false,
  ...settings,
});

export const set = (settings: Settings<SetField, 'sensitive'>): SetField => ({
  kind: 'set',
  sensitive: false,
  ...settings,
});

export const items = (settings: Settings<ItemsField, 'sensitive'>): ItemsField => ({
  kind: 'items',
  sensitive: false,
  ...settings,
});

export const text = (settings: Settings<TextField, 'sensitive'>): TextField => ({
  kind: 'text',
  sensitive: false,
  ...settings,
});

export const derived = (settings: Settings<DerivedField, 'sensitive'>): DerivedField => ({
  kind: 'derived',
  sensitive: false,
  ...settings,
});

/** Fills what most entities leave as it is. */
export const declareEntity = (
  settings: Omit<Entity, 'schemaVersion' | 'frozen' | 'writable' | 'list'> &
    Partial<Pick<Entity, 'schemaVersion' | 'frozen' | 'writable' | 'list'>>,
): Entity => ({
  schemaVersion: 1,
  frozen: () => [],
  writable: true,
  list: {sorts: [], searches: []},
  ...settings,
});
