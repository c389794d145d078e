// Records over REST, one resource per entity: lists, single records, and what is sent to create and change them. All of
// it is made from the declarations. What is sent is described here, but read and judged field by field in the lane.
import {z} from 'zod';
import type {Entity, Field} from '../entities/entity.ts';
import {recordId, uuidText} from './ids.ts';
import {instantText} from './moments.ts';

/** `/v1/service-types`. */
export const recordsPath = ({name}: Pick<Entity, 'name'>): `/v1/${string}` =>
  `/v1/${name.replaceAll('_', '-')}`;

/** As in the answer to a push. */
const noted = {
  conflicts: z
    .array(z.object({id: uuidText, fields: z.array(z.string())}))
    .optional()
    .meta({description: 'In the answer to a write only: overwrites that it took part in.'}),
  refused: z
    .array(z.object({field: z.string(), code: z.string()}))
    .optional()
    .meta({description: 'In the answer to a write only: fields that kept their value, and why.'}),
};

const described = (schema: z.ZodType, {description}: Field): z.ZodType => schema.meta({description});

/** An item with its id. Written without `position`, it stands where the array has it. */
function itemSchema(schema: z.ZodType): z.ZodType {
  const shape = schema instanceof z.ZodObject ? schema.shape : {};
  return z.object({id: z.string(), ...shape, position: z.string().optional()});
}

function shownSchema(field: Field): z.ZodType {
  switch (field.kind) {
    case 'register':
    case 'server':
    case 'derived':
      return described(field.schema.nullable(), field);
    case 'set':
      return described(z.array(field.schema), field);
    case 'items':
      return described(z.array(itemSchema(field.schema)), field);
    case 'text':
      return described(z.string(), field);
  }
}

/** Null: devices and API alike cannot write it. */
function writtenSchema(field: Field): z.ZodType | null {
  switch (field.kind) {
    case 'server':
    case 'derived':
      return null;
    case 'register':
      return described(field.required ? field.schema : field.schema.nullable(), field);
    case 'text':
      return described(z.union([z.string(), z.object({append: z.string()})]), field);
    case 'set':
    case 'items':
      return shownSchema(field);
  }
}

const titleOf = ({singular}: Entity): string =>
  singular.replace(/(?:^| )\w/g, (match) => match.trim().toUpperCase());

/** A record as it is answered, deleted or not. */
export const recordSchema = (entity: Entity): z.ZodType =>
  z
    .object({
      id: recordId,
      seq: z.int().meta({description: 'Feed position of the latest change; quoted, the ETag.'}),
      ...mapFields(entity, shownSchema),
      createdAt: instantText,
      createdBy: uuidText,
      updatedAt: instantText,
      updatedBy: uuidText,
      deletedAt: instantText.nullable(),
      ...noted,
    })
    .meta({id: titleOf(entity)});

/** Changed fields: those left out stay. `deletedAt: null` restores. */
export const recordPatch = (entity: Entity): z.ZodType =>
  z.object({...optionalFields(entity), deletedAt: z.null().optional()}).meta({id: `${titleOf(entity)}Patch`});

/** Without `id` the server makes one. */
export const newRecord = (entity: Entity): z.ZodType =>
  z
    .object({
      id: recordId.optional(),
      ...mapFields(entity, (field) => {
        const schema = writtenSchema(field);
        const isRequired = field.kind === 'register' && field.required;
        return isRequired ? schema : (schema?.optional() ?? null);
      }),
    })
    .meta({id: `New${titleOf(entity)}`});

const optionalFields = (entity: Entity): Record<string, z.ZodType> =>
  mapFields(entity, (field) => writtenSchema(field)?.optional() ?? null);

function mapFields(
  {fields}: Entity,
  schemaOf: (field: Field) => z.ZodType | null,
): Record<string, z.ZodType> {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(fields)) {
    const schema = schemaOf(field);
    if (schema !== null) shape[name] = schema;
  }
  return shape;
}

/** Taken as it came: a schema would drop members named like an object's own, and nobody would be told. */
export const recordBody = z.custom<Readonly<Record<string, unknown>>>(
  (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  {message: 'must be an object of fields'},
);

/** `*` or the ETags of which the record must have one. Read as feed positions; `any` for `*`. */
const ifMatch = z
  .string()
  .max(1_000)
  .regex(/^\s*(?:\*|(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*)\s*$/, 'must be * or ETags in quotes')
  // A proxy that compresses weakens ETags; the position they name is as exact as before.
  .transform((text) => (text.trim() === '*' ? ('any' as const) : positionsIn(text)))
  .optional()
  .meta({description: 'The ETag of the state that the change was made on; 412 if the record has another.'});

const positionsIn = (text: string): number[] =>
  [...text.matchAll(/"(\d{1,15})"/g)].map(([, digits]) => Number(digits));

const idempotencyKey = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(recordId)
  .optional()
  .meta({description: 'A UUID: the same request with the same key is done once.'});

export const createHeaders = z.object({'idempotency-key': idempotencyKey});
export const changeHeaders = z.object({'if-match': ifMatch, 'idempotency-key': idempotencyKey});
export type ChangeHeaders = z.output<typeof changeHeaders>;
