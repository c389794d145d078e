// `POST /v1/sync/push`: changes of one device, in the order it made them, and what became of each.
import {z} from 'zod';
import {changeId, deviceId, recordId, uuidText} from './ids.ts';
import {DEVICE_CLIENT_ID_MAX, PUSH_CHANGES_MAX} from './limits.ts';
import {instantText, moment} from './moments.ts';

const cursorText = z.string().max(200);

/** One change. `create` and `update` mean `upsert`. */
export const pushChange = z.object({
  changeId: changeId
    .optional()
    .describe(
      'Names the change for ever, so that a repeat is recognised. Absent: derived from what the change says.',
    ),
  op: z.enum(['upsert', 'delete', 'create', 'update']),
  entity: z.string().max(64),
  entityId: recordId,
  clientUpdatedAt: moment.describe("The device's clock at the edit."),
  base: z
    .union([cursorText, z.record(z.string(), cursorText)])
    .nullish()
    .describe('The cursor whose state the user saw while editing, for all fields or by field.'),
  payload: z
    .union([z.record(z.string(), z.unknown()), z.string()])
    .nullish()
    .describe('Changed fields as JSON, or with `encoding: "yjs"` one Yjs V1 update in base64.'),
  encoding: z.enum(['json', 'yjs']).default('json'),
  generation: z.int().min(0).default(0).describe('Of the document that a Yjs update was made on.'),
});
export type PushChange = z.output<typeof pushChange>;

export const pushRequest = z.object({
  deviceId,
  deviceTime: moment.optional().describe("The device's clock when it sent this: tells how far it is off."),
  clientId: z
    .int()
    .min(0)
    .max(DEVICE_CLIENT_ID_MAX)
    .optional()
    .describe('The Yjs client id of the sending session.'),
  changes: z.array(pushChange).max(PUSH_CHANGES_MAX),
});

/** The same with changes unread: each is read on its own, since a bad one must not fail the others. */
export const pushEnvelope = pushRequest.extend({changes: z.array(z.unknown()).max(PUSH_CHANGES_MAX)});
export type PushEnvelope = z.output<typeof pushEnvelope>;

const pushError = z.object({
  code: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.string()).optional(),
  current: z.string().optional().describe('For `text_base_stale`: the current text.'),
  stateVector: z.string().optional().describe('For `missing_dependency`: base64; send everything after it.'),
  state: z
    .string()
    .optional()
    .describe("The record's document as it is, base64 Yjs V1, for a device that must start over from it."),
  generation: z.int().optional(),
});

export const pushResult = z.object({
  index: z.int(),
  entityId: uuidText.nullable(),
  status: z.enum(['applied', 'unchanged', 'rejected']),
  seq: z.int().optional(),
  updatedAt: instantText.optional(),
  conflicts: z
    .array(z.object({id: uuidText, fields: z.array(z.string())}))
    .optional()
    .describe('Overwrites that this change took part in: a warning, the change itself is dealt with.'),
  refused: z
    .array(z.object({field: z.string(), code: z.string()}))
    .optional()
    .describe('Fields that kept their value though the rest was applied.'),
  error: pushError.optional(),
});
export type PushResult = z.output<typeof pushResult>;
export type PushError = z.output<typeof pushError>;

export const pushResponse = z.object({serverTime: instantText, results: z.array(pushResult)});
export type PushResponse = z.output<typeof pushResponse>;
