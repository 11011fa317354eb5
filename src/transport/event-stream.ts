import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { EventStreamSink } from "./event-stream-sink.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { LiveOperation } from "./live-operation.ts";
import type { OperationContext } from "./operation-context.ts";
import { tracedNote, type OperationNote } from "./operation-note.ts";
import type { Prepared } from "./operations.ts";
import { writeResult } from "./write-result.ts";

/** How soon a client can tell a quiet stream from a lost one. Proxies cut what is silent for much longer. */
const pingIntervalMs = 5_000;

export interface EventStreamOptions {
  readonly graphql: Graphql;
  readonly prepared: Prepared;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
  readonly context: OperationContext;
  /** Bytes that wait in memory for the stream, before it is fed from the log. */
  readonly maxWaitingBytes: number;
  readonly note: OperationNote;
}

/**
 * Whether the `Accept` header of a request for a subscription lets its events be sent. Weights do not count; without a
 * header everything is accepted.
 */
export function acceptsEventStream(accept: string | undefined): boolean {
  if (accept === undefined || accept === "") return true;
  return accept
    .split(",")
    .some((range) => /^\s*(text\/event-stream|text\/\*|\*\/\*)\s*(;|$)/i.test(range));
}

/**
 * Answers a subscription with server-sent events, as GraphQL over SSE has them in its "distinct connections mode":
 *
 * 1. Begin the subscription. Its place is fixed when the head of the answer is sent.
 * 2. Send a comment, so that clients which wait for the first byte see that it has begun, and one every 5 seconds.
 * 3. Send each result as an event `next`. What ends the subscription with an error is the last of them.
 * 4. Send the event `complete`, and end the answer.
 */
export async function serveEventStream(
  request: IncomingMessage,
  response: ServerResponse,
  { graphql, prepared, variables, context, maxWaitingBytes, note }: EventStreamOptions,
): Promise<void> {
  const begun = await graphql.subscribe(prepared, variables, context);
  const live = begun instanceof LiveOperation ? begun : null;
  if (!live) note.errorCode = codeOf((begun as ExecutionResult).errors ?? []);
  // A span that lasts as long as a subscription would be seen only when that has ended.
  note.trace?.end(tracedNote(note));
  if (response.destroyed) return live?.close();
  const sink = new EventStreamSink(response, maxWaitingBytes);
  response.writeHead(200, headersFor(request));
  sink.ping();
  if (live) {
    const pings = setInterval(() => sink.ping(), pingIntervalMs);
    response.once("close", () => live.close());
    try {
      await live.deliver(sink);
    } catch (error) {
      const errors = graphql.publicErrors([error], note);
      note.errorCode = codeOf(errors);
      sink.send(Buffer.from(writeResult({ errors })));
    } finally {
      clearInterval(pings);
    }
  } else {
    sink.send(Buffer.from(writeResult(begun as ExecutionResult)));
  }
  sink.complete();
}

function headersFor({ headers: { origin } }: IncomingMessage): Record<string, string> {
  return {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    // Compressed, an event would wait for those after it.
    "Content-Encoding": "none",
    "X-Content-Type-Options": "nosniff",
    // A caller is known by its token alone, never by cookies, so any page may ask.
    ...(origin === undefined ? {} : { "Access-Control-Allow-Origin": origin, Vary: "Origin" }),
  };
}
