/** Yields the data of each event of a stream of server-sent events. Omits comments and other fields. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    // A line ending can be split over two chunks.
    text = (text + decoder.decode(chunk, { stream: true })).replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const data = lines.flatMap((line) => (line.startsWith("data:") ? [line.slice(5)] : []));
      if (data.length > 0) yield data.map((line) => line.replace(/^ /, "")).join("\n");
    }
  }
}
