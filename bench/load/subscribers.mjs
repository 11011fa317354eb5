import { RawWebSocket } from "./web-socket.mjs";

/** The number of connections that are opened at the same time, so that no backlog of a server overflows. */
const atATime = 50;

/**
 * Opens sockets with one subscription each over graphql-ws. The messages are only counted.
 *
 * @param {object} server
 * @param {string} server.url
 * @param {string} [server.token]
 * @param {number} count
 * @param {string} query
 * @param {(message: Buffer) => void} onMessage of every socket
 */
export async function openSubscribers({ url, token }, count, query, onMessage) {
  const init = token === undefined ? {} : { payload: { authorization: `Bearer ${token}` } };
  const open = async () => {
    const socket = await RawWebSocket.open(`${url}/graphql`);
    socket.onClose = (reason) => {
      throw new Error(`A subscriber's socket was closed: ${reason}`);
    };
    const acknowledged = new Promise((resolve) => (socket.onMessage = resolve));
    socket.send(JSON.stringify({ type: "connection_init", ...init }));
    await acknowledged;
    socket.onMessage = (message) => {
      if (message.includes('"type":"next"')) onMessage(message);
      else if (message.includes('"type":"error"')) throw new Error(message.toString());
    };
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
    return socket;
  };
  const sockets = [];
  while (sockets.length < count) {
    const length = Math.min(atATime, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length }, open))));
  }
  return {
    sockets,
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}
