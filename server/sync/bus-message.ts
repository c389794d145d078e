// The messages of the bus as text. Nodes of different releases read each other's: a kind of item that is not known
// here is skipped.
import {z} from 'zod';
import {tenantId} from '#crdt/protocol/ids.ts';
import type {BusContent} from './bus-batch.ts';
import {POSITION_UNKNOWN, SESSION_ID_LENGTH_MAX, type TenantNews} from './bus.ts';

export interface BusMessage extends BusContent {
  /** The sender. */
  readonly node: string;
}

type Item = readonly [kind: string, ...values: unknown[]];

const count = z.int().min(0).max(POSITION_UNKNOWN);
const newsItem = z.tuple([z.literal('tenant'), tenantId, count, count.nullable()]);
const sessionItem = z.tuple([z.literal('session'), z.string().min(1).max(SESSION_ID_LENGTH_MAX)]);
const message = z.object({
  node: z.string(),
  since: z.number(),
  items: z.array(z.tuple([z.string()], z.unknown())),
});

const itemsOf = ({isOverflown, news, sessions}: BusContent): Item[] => [
  ...(isOverflown ? [['everything'] as const] : []),
  ...sessions.map((sessionId) => ['session', sessionId] as const),
  ...news.map(({tenantId: tenant, to, accessVersion}) => ['tenant', tenant, to, accessVersion] as const),
];

/** As few as hold it in `bytesMax` each, in UTF-8. */
export function encodeMessages(
  {node, ...content}: BusMessage,
  {bytesMax}: {bytesMax: number},
): readonly string[] {
  const head = `{"node":${JSON.stringify(node)},"since":${content.since},"items":[`;
  const messages: string[] = [];
  let text = '';
  for (const item of itemsOf(content)) {
    const added = JSON.stringify(item);
    const isFull = Buffer.byteLength(head + text + added) + ',]}'.length > bytesMax;
    if (text !== '' && isFull) {
      messages.push(`${head}${text}]}`);
      text = '';
    }
    text += text === '' ? added : `,${added}`;
  }
  if (text !== '') messages.push(`${head}${text}]}`);
  return messages;
}

/** A message that says only that its sender is there. */
export const encodePresence = (node: string, since: number): string =>
  JSON.stringify({node, since, items: []} satisfies z.input<typeof message>);

/** Null: not a message of the bus. */
export function decodeMessage(text: string): BusMessage | null {
  const parsed = message.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const {node, since, items} = parsed.data;
  const news: TenantNews[] = [];
  const sessions: string[] = [];
  for (const item of items) {
    const tenant = newsItem.safeParse(item);
    const session = sessionItem.safeParse(item);
    if (tenant.success) {
      const [, id, to, accessVersion] = tenant.data;
      news.push({tenantId: id, to, accessVersion});
    } else if (session.success) {
      sessions.push(session.data[1]);
    }
  }
  return {node, since, isOverflown: items.some(([kind]) => kind === 'everything'), news, sessions};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Anybody may notify; what is no JSON is no message either.
    return null;
  }
}
