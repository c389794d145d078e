// Clerk's backend API as this server uses it: every request ends in time and in a value, because nothing here may
// make a use case fail or wait. The SDK does neither: it throws, and waits for as long as the socket does.
import {createClerkClient, type ClerkClient} from '@clerk/backend';
import {isClerkAPIResponseError} from '@clerk/backend/errors';
import {CLERK_REQUESTS_MAX, CLERK_TIMEOUT_MS} from './clerk-limits.ts';

/**
 * `gone`: there is no such thing, or it was done before. `refused`: never with this request. `limited`: too often.
 * `denied`: the secret key is not accepted. `unavailable`: no usable answer in time; it may have been done all the same.
 */
export type ClerkFailure = 'gone' | 'refused' | 'limited' | 'denied' | 'unavailable';

export type ClerkAnswer<Value> =
  | {readonly ok: true; readonly value: Value}
  | {
      readonly ok: false;
      readonly failure: ClerkFailure;
      /** Undefined: there was no answer. */
      readonly status?: number | undefined;
      /** Clerk's own code. Its messages are not kept: they quote addresses. */
      readonly code?: string | undefined;
      /** Clerk asks for this pause, ms. */
      readonly retryAfterMs?: number | undefined;
    };

export interface ClerkApi {
  /**
   * Never rejects. onLate: told what came of a request that was no longer waited for, if it succeeded.
   */
  ask<Value>(
    request: (client: ClerkClient) => Promise<Value>,
    onLate?: (value: Value) => void,
  ): Promise<ClerkAnswer<Value>>;
}

export interface ClerkApiOptions {
  readonly secretKey: string;
  /** Base URL, without a trailing slash. */
  readonly apiUrl: string;
  readonly timeoutMs?: number;
  readonly requestsMax?: number;
}

type Failed = Extract<ClerkAnswer<never>, {ok: false}>;

const unavailable: Failed = {ok: false, failure: 'unavailable'};

/** Sends nothing yet. */
export function createClerkApi(options: ClerkApiOptions): ClerkApi {
  const {secretKey, apiUrl, timeoutMs = CLERK_TIMEOUT_MS, requestsMax = CLERK_REQUESTS_MAX} = options;
  const client = createClerkClient({secretKey, apiUrl, telemetry: {disabled: true}});
  let underWay = 0;
  return {
    async ask(request, onLate = () => undefined) {
      if (underWay >= requestsMax) return unavailable;
      underWay++;
      let isLate = false;
      const answer = request(client)
        .then(
          (value) => {
            if (isLate) onLate(value);
            return {ok: true, value} as const;
          },
          (error: unknown) => failureOf(error),
        )
        .finally(() => underWay--);
      const late = afterMs(timeoutMs);
      const first = await Promise.race([answer, late.passed]);
      late.cancel();
      if (first !== undefined) return first;
      isLate = true;
      return unavailable;
    },
  };
}

function afterMs(ms: number): {passed: Promise<undefined>; cancel: () => void} {
  let cancel = (): void => undefined;
  const passed = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    cancel = () => clearTimeout(timer);
  });
  return {passed, cancel};
}

/** Codes of a refusal by which what was asked for is so already. */
const doneCodes: readonly string[] = ['invitation_already_accepted', 'invitation_already_revoked'];

function failureOf(error: unknown): Failed {
  if (!isClerkAPIResponseError(error)) return unavailable;
  const {status, retryAfter} = error;
  const code = error.errors[0]?.code;
  const about = {status, code, ...(retryAfter === undefined ? {} : {retryAfterMs: retryAfter * 1_000})};
  return {ok: false, failure: kindOf(status, code), ...about};
}

function kindOf(status: number | undefined, code: string | undefined): ClerkFailure {
  if (status === 429) return 'limited';
  if (status === 401 || status === 403) return 'denied';
  if (status === 404 || (code !== undefined && doneCodes.includes(code))) return 'gone';
  return status !== undefined && status >= 400 && status < 500 ? 'refused' : 'unavailable';
}
