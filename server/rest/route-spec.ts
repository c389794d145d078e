// What a route declares: validated against by route.ts, described by operation.ts.
import type {z} from 'zod';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';

/**
 * Who may call: anybody; outside services, which sign what they send; users, members of a tenant or not; members, in one
 * tenant and on one device.
 */
export type CallerKind = 'open' | 'signed' | 'user' | 'member';

export interface RouteSpec {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** Parameters as `{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  /** By name in lower case. */
  readonly headers?: z.ZodType;
  readonly body?: z.ZodType;
  /** Shown in the document instead of `body`, where that leaves parts to be read later. */
  readonly documentedBody?: z.ZodType;
  readonly answer: z.ZodType;
  /** 200 if absent. */
  readonly status?: 200 | 201 | 202 | 204;
  /** More than the summary says; Markdown. */
  readonly description?: string;
  /** Codes of its own, beside those of every route for such callers, with such a body. */
  readonly errors?: readonly ErrorCode[];
  /** Of the answer, beside those of every answer. */
  readonly answerHeaders?: readonly ('etag' | 'location')[];
  /** What the answer is; `Done.` if absent. */
  readonly answerNote?: string;
  /** JSON if absent. */
  readonly answerType?: string;
  /** Of a signed route: as which service signs. Svix, for Clerk, if absent. */
  readonly signature?: 'svix' | 'meta' | 'twilio';
}

export interface MemberSpec extends RouteSpec {
  /** `path`: the parameter `id`. */
  readonly tenantIn?: 'header' | 'path';
  /** `body`: its `deviceId`, which a header may only repeat. */
  readonly deviceIn?: 'header' | 'body';
}
