// A subscription by server-sent events, on a raw socket.

import { once } from "node:events";
import { connect } from "node:net";

/**
 * Subscribes at `${url}/graphql`. Resolves when the server has begun to answer.
 *
 * @param {{ url: string, token: string }} server
 * @param {string} query
 * @param {(data: any) => void} next
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
  socket.setEncoding("utf8").on("data", (chunk) => {
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

/** Returns what is left. A line of data is whole in one chunk's text: the sizes of chunks are on lines of their own. */
function readEvents(text, next, fail) {
  const lines = text.split("\n");
  const rest = lines.pop();
  for (const line of lines) {
    if (!line.startsWith("data: {")) continue;
    const { data, errors } = JSON.parse(line.slice("data: ".length));
    if (errors) fail(new Error(JSON.stringify(errors)));
    else next(data);
  }
  return rest;
}
