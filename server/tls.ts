// Behind a proxy that ends TLS: whether a caller came to that proxy by https. A token that travelled in the clear is no
// secret any more, so such a request is refused, not redirected: a redirect would hide the mistake from whoever made it.

/** Asked by whoever runs the server, from inside, past the proxy. They take no token and tell nothing of tenants. */
const INSIDE_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * forwarded: the `X-Forwarded-Proto` header; with several proxies every one must have been reached by https. Absent, the
 * request came past the proxy, which only probes do.
 */
export function isRefusedAsPlain(
  {path, forwarded}: {path: string; forwarded: string | undefined},
  {requireTls}: {readonly requireTls: boolean},
): boolean {
  if (!requireTls) return false;
  if (forwarded === undefined) return !INSIDE_PATHS.has(path);
  // Some proxies write wss for an upgrade.
  return !forwarded.split(',').every((scheme) => /^(https|wss)$/i.test(scheme.trim()));
}
