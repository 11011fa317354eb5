/** An item of a stream of server-sent events: an event with its data, or a heartbeat. */
export type StreamEvent =
  | { readonly event: string; readonly data: string }
  | { readonly event: null; readonly data: null };

const signOfLife: StreamEvent = { event: null, data: null };

/**
 * Reads server-sent events, as the HTML standard defines them, as far as GraphQL uses them: `event`, and `data` of one
 * line. Comments are heartbeats. Ends with the stream.
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamEvent, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let event = "";
  let data = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      if (line.startsWith(":")) {
        yield signOfLife;
      } else if (line.startsWith("event:")) {
        event = line.slice("event:".length).trim();
      } else if (line.startsWith("data:")) {
        data = line.slice("data:".length).trim();
      } else if (line.trim() === "" && event !== "") {
        yield { event, data };
        event = data = "";
      }
    }
  }
}
