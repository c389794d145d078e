// Lets pages of allowed origins call the API from a browser.

const MAX_AGE_SECONDS = '600';
const allowed = {
  'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE',
  'access-control-allow-headers':
    'Authorization, Content-Type, X-Tenant-Id, X-Device-Id, X-Request-Id, If-Match, Idempotency-Key',
  'access-control-max-age': MAX_AGE_SECONDS,
};

/** Headers of every answer to such a page; none for other origins, which browsers then keep from reading it. */
export function corsHeaders(
  origin: string | null,
  allowedOrigins: readonly string[],
): Record<string, string> {
  if (origin === null || !allowedOrigins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'X-Request-Id, Retry-After, ETag, Location, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
    vary: 'Origin',
  };
}

/** The answer to a browser that asks first, before the request itself. */
export const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' && request.headers.has('access-control-request-method');

export const preflightResponse = (): Response => new Response(null, {status: 204, headers: allowed});
