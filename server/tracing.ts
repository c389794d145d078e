// Where the time of a change goes, as OpenTelemetry spans, if somebody is there to receive them. Without an endpoint nothing of
// it is loaded, and `noTracing` calls straight through. Attributes are counts, codes, kinds and declared routes: never ids,
// values or tokens.
import {AsyncLocalStorage} from 'node:async_hooks';
import type {Context, Span} from '@opentelemetry/api';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Tracing {
  /** A trace of its own around `work`. An error marks its span; the error's text stays here. */
  root<Result>(name: string, attributes: SpanAttributes, work: () => Result): Result;
  /** A span within the one that is open. Where none is, `work` alone. */
  child<Result>(name: string, attributes: SpanAttributes, work: () => Result): Result;
  /** Adds to the span that is open, if any is. */
  note(attributes: SpanAttributes): void;
  /** Sends what is left, if it can. */
  stop(): Promise<void>;
}

export const noTracing: Tracing = {
  root: (_name, _attributes, work) => work(),
  child: (_name, _attributes, work) => work(),
  note: () => undefined,
  stop: () => Promise.resolve(),
};

/** Milliseconds to send what is left when the server stops. */
const LAST_MS_MAX = 3_000;

/** endpoint: of an OTLP receiver over HTTP, without `/v1/traces`. Spans wait in batches; what is not taken is dropped. */
export async function openTracing(endpoint: string | undefined): Promise<Tracing> {
  if (endpoint === undefined) return noTracing;
  const [{ROOT_CONTEXT, SpanStatusCode, trace}, sdk, {OTLPTraceExporter}, {resourceFromAttributes}] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({url: `${endpoint.replace(/\/$/, '')}/v1/traces`});
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({'service.name': 'fieldmerge'}),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('fieldmerge');
  const open = new AsyncLocalStorage<{readonly context: Context; readonly span: Span}>();

  const fail = (span: Span): void => void span.setStatus({code: SpanStatusCode.ERROR});
  const spanIn = <Result>(
    parent: Context,
    {name, attributes, work}: {name: string; attributes: SpanAttributes; work: () => Result},
  ): Result => {
    const span = tracer.startSpan(name, {attributes}, parent);
    return open.run({context: trace.setSpan(parent, span), span}, () => settle(work, span, fail));
  };
  return {
    root: (name, attributes, work) => spanIn(ROOT_CONTEXT, {name, attributes, work}),
    child(name, attributes, work) {
      const parent = open.getStore()?.context;
      return parent === undefined ? work() : spanIn(parent, {name, attributes, work});
    },
    note: (attributes) => void open.getStore()?.span.setAttributes(attributes),
    async stop() {
      const timer = AbortSignal.timeout(LAST_MS_MAX);
      const tooLong = new Promise<void>((resolve) => timer.addEventListener('abort', () => resolve()));
      await Promise.race([provider.shutdown().catch(() => undefined), tooLong]);
    },
  };
}

/** Ends the span when `work` has, be it at once or later. */
function settle<Result>(work: () => Result, span: Span, fail: (span: Span) => void): Result {
  try {
    const result = work();
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    const watched = result.then(
      (value: unknown) => {
        span.end();
        return value;
      },
      (error: unknown) => {
        fail(span);
        span.end();
        throw error;
      },
    );
    return watched as Result;
  } catch (error) {
    fail(span);
    span.end();
    throw error;
  }
}
