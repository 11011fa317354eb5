// A subscription by server-sent events, on a raw socket.

import { once } from "node:events";
import { connect } from "node:net";

/** The beginning of a line with an event that is not an error. */
const result = 'data: {"data":{';

/**
 * Subscribes at `${url}/graphql`. Resolves when the response has begun.
 *
 * @param {{ url: string, token: string }} server
 * @param {string} query
 * @param {() => void} next called for each event, which is not parsed, as on a WebSocket
 * @param {(error: Error) => void} fail called once when the stream ends
 * @returns {Promise<{ close(): void }>}
 */
export async function openEventStream({ url, token }, query, next, fail) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, "connect");
  const body = JSON.stringify({ query });
  let text = "";
  let begun;
  const answered = new Promise((resolve, reject) => (begun = { resolve, reject }));
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
    if (begun !== undefined) {
      const end = text.indexOf("\r\n\r\n");
      if (end === -1) return;
      if (text.startsWith("HTTP/1.1 200")) begun.resolve();
      else begun.reject(new Error(text));
      begun = undefined;
      text = text.slice(end + 4);
    }
    text = readEvents(text, next, fail);
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("The event stream ended.")));
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await answered;
  return {
    close() {
      socket.removeAllListeners("close");
      socket.destroy();
    },
  };
}

/** Returns the remaining text. A line of data is always complete, because the chunks' sizes are on separate lines. */
function readEvents(text, next, fail) {
  let begin = 0;
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", begin)) {
    if (text.startsWith("data: {", begin)) {
      if (text.startsWith(result, begin)) next();
      else fail(new Error(text.slice(begin, end)));
    }
    begin = end + 1;
  }
  return text.slice(begin);
}
