// Which pages may call from a browser. Both edges ask: no page of a stranger reads answers or opens sockets in its
// visitor's name. Callers that are no pages, apps and other servers, send no Origin and are not asked.

export interface OriginRules {
  /** Beside pages of this server itself. */
  readonly allowedOrigins: readonly string[];
  /** Then a page of this server itself came by https too, or somebody put himself in between. */
  readonly requireTls: boolean;
}

/** host: the `Host` header, the name and port that the caller believes to speak to. */
export function isOriginRefused(
  {origin, host}: {origin: string | undefined; host: string | undefined},
  {allowedOrigins, requireTls}: OriginRules,
): boolean {
  if (origin === undefined || allowedOrigins.includes(origin)) return false;
  if (host === undefined || !URL.canParse(origin)) return true;
  const page = new URL(origin);
  if (requireTls && page.protocol !== 'https:') return true;
  const own = `${page.protocol}//${host}`;
  // Read as a URL, so that a default port written out is no difference.
  return !URL.canParse(own) || new URL(own).host !== page.host;
}
