import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { EventStreamSink } from "./event-stream-sink.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { graphqlHeaders } from "./graphql-headers.ts";
import { LiveOperation } from "./live-operation.ts";
import type { OperationContext } from "./operation-context.ts";
import { tracedNote, type OperationNote } from "./operation-note.ts";
import type { Prepared } from "./operations.ts";
import { writeResult } from "./write-result.ts";

/** Heartbeats let a client detect a lost stream, and keep proxies from closing an idle one. */
const pingIntervalMs = 5_000;

export interface EventStreamOptions {
  readonly graphql: Graphql;
  readonly prepared: Prepared;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
  readonly context: OperationContext;
  /** Bytes that can wait in memory for the stream. If there are more, it reads from the log. */
  readonly maxWaitingBytes: number;
  readonly note: OperationNote;
}

/**
 * Whether an `Accept` header accepts server-sent events. Weights are ignored. Without a header, everything is accepted.
 */
export function acceptsEventStream(accept: string | undefined): boolean {
  if (accept === undefined || accept === "") return true;
  return accept
    .split(",")
    .some((range) => /^\s*(text\/event-stream|text\/\*|\*\/\*)\s*(;|$)/i.test(range));
}

/**
 * Responds to a subscription with server-sent events, in the "distinct connections mode" of GraphQL over SSE:
 *
 * 1. Begin the subscription. Its position in the log is fixed when the head of the response is sent.
 * 2. Send a comment, so that clients that wait for the first byte see that it has begun. Repeat it every 5 seconds.
 * 3. Send each result as an event `next`. If an error ends the subscription, it is the last of these events.
 * 4. Send the event `complete`, and end the response.
 */
export async function serveEventStream(
  request: IncomingMessage,
  response: ServerResponse,
  { graphql, prepared, variables, context, maxWaitingBytes, note }: EventStreamOptions,
): Promise<void> {
  const begun = await graphql.subscribe(prepared, variables, context);
  const live = begun instanceof LiveOperation ? begun : null;
  if (!live) note.errorCode = codeOf((begun as ExecutionResult).errors ?? []);
  // The span ends when the subscription begins: otherwise it would only be visible after the subscription's end.
  note.trace?.end(tracedNote(note));
  if (response.destroyed) return live?.close();
  const sink = new EventStreamSink(response, maxWaitingBytes);
  const headers = graphqlHeaders("text/event-stream", request, note);
  // With compression, an event would wait for later ones.
  headers.push("Cache-Control", "no-cache", "Content-Encoding", "none");
  response.writeHead(200, headers);
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
