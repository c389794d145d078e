// Reads what `npm audit --json` prints. Pure; scripts/audit.ts asks npm and decides the exit code.
import {z} from 'zod';

const advisory = z.object({title: z.string(), url: z.string(), severity: z.string()});
const report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(z.string(), z.object({via: z.array(z.union([z.string(), advisory]))})),
});

/** An advisory that is known and does not reach this server, for as long as somebody has looked at it. */
export interface Accepted {
  readonly reason: string;
  /** `YYYY-MM-DD`, the last day on which it is accepted. */
  readonly until: string;
}

export type Verdict =
  /** Lesser ones are worth a look, not a stop. */
  | {readonly kind: 'clean'; readonly lesser: readonly string[]}
  | {readonly kind: 'vulnerable'; readonly findings: readonly string[]}
  /** Nothing is known: the registry gave no report. */
  | {readonly kind: 'not-asked'; readonly why: string};

const stopping: ReadonlySet<string> = new Set(['high', 'critical']);

/** accepted: by the advisory's URL. today: `YYYY-MM-DD`. */
export function judgeAudit(
  printed: string,
  {accepted, today}: {accepted: Readonly<Record<string, Accepted>>; today: string},
): Verdict {
  const parsed = report.safeParse(readJson(printed));
  if (!parsed.success) return {kind: 'not-asked', why: whyOf(printed)};
  const lesser = new Set<string>();
  const findings = new Set<string>();
  for (const [name, {via}] of Object.entries(parsed.data.vulnerabilities)) {
    for (const found of via) {
      // A name says that the fault is in that package, which has an entry of its own.
      if (typeof found === 'string') continue;
      const line = `${found.severity}: ${name}: ${found.title} (${found.url})`;
      const isAccepted = (accepted[found.url]?.until ?? '') >= today;
      (stopping.has(found.severity) && !isAccepted ? findings : lesser).add(line);
    }
  }
  if (findings.size > 0) return {kind: 'vulnerable', findings: [...findings]};
  return {kind: 'clean', lesser: [...lesser]};
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const failure = z.object({message: z.string().optional(), error: z.object({summary: z.string()}).optional()});

function whyOf(printed: string): string {
  const {data} = failure.safeParse(readJson(printed));
  return data?.message ?? data?.error?.summary ?? 'npm printed no report';
}
