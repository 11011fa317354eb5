import { readEvents } from "../client/event-stream.ts";
import type { SocketResult } from "./live-socket.ts";
import { credentials } from "./session.ts";

/** The server sends heartbeats more often than this. */
const maxSilenceMs = 20_000;

/**
 * Reads a subscription as server-sent events, for a snapshot: a browser reads the messages of a socket one by one, and
 * the events of a response by the thousand. Resolves when `next` returns true, or the server has ended it.
 *
 * @param next is called with each result
 * @throws Error if the server cannot be reached, or the connection is lost
 */
export async function readSnapshot(
  payload: { readonly query: string; readonly variables: object },
  next: (result: SocketResult) => boolean,
  closed: AbortSignal,
): Promise<void> {
  const reading = new AbortController();
  const abort = () => reading.abort();
  closed.addEventListener("abort", abort);
  addEventListener("offline", abort);
  let timer = setTimeout(abort, maxSilenceMs);
  const hear = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, maxSilenceMs);
  };
  try {
    const response = await fetch("graphql", {
      method: "POST",
      headers: {
        ...credentials(),
        accept: "text/event-stream",
        "content-type": "application/json",
      },
      body: JSON.stringify(payload),
      signal: reading.signal,
    });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      next((await response.json()) as SocketResult);
      return;
    }
    if (response.body === null) return;
    for await (const { event, data } of readEvents(chunksOf(response.body, hear))) {
      if (event === "next" && next(JSON.parse(data) as SocketResult)) return;
    }
  } finally {
    clearTimeout(timer);
    removeEventListener("offline", abort);
    closed.removeEventListener("abort", abort);
    reading.abort();
  }
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  hear: () => void,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    hear();
    yield value;
  }
}
