// Requests and answers as a page writes them: blocks of `http`, a request and then its answer, by section.

export interface Message {
  /** `POST /v1/sync/push`, or `HTTP/1.1 200`. */
  readonly start: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: none. */
  readonly body?: unknown;
}

export interface Exchange {
  readonly request: Message;
  readonly answer: Message;
}

export interface Section {
  readonly title: string;
  /** In order; one may rest on those before it. */
  readonly exchanges: readonly Exchange[];
}

/** Throws for a request without an answer, and for a body that is no JSON. */
export function readSections(page: string): Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((text) => ({title: text.split('\n', 1)[0] ?? '', exchanges: pairs(readMessages(text))}));
}

const readMessages = (text: string): Message[] =>
  [...text.matchAll(/^```http\n([^]*?)^```$/gm)].map(([, block = '']) => readMessage(block));

function readMessage(block: string): Message {
  const [head = '', ...rest] = block.trim().split('\n\n');
  const [start = '', ...lines] = head.split('\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]));
  const text = rest.join('\n\n');
  return {start, headers, ...(text === '' ? {} : {body: JSON.parse(text) as unknown})};
}

function pairs(messages: readonly Message[]): Exchange[] {
  return messages.flatMap((request, index) => {
    if (index % 2 === 1) return [];
    const answer = messages[index + 1];
    if (answer?.start.startsWith('HTTP/') !== true) throw new Error(`${request.start} has no answer.`);
    return [{request, answer}];
  });
}
