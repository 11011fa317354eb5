import { once } from "node:events";
import { connect } from "node:net";
import { HttpConnection } from "../load/http-connection.mjs";
import { jsonValue } from "../load/value.mjs";

const base64 = (text) => Buffer.from(text).toString("base64");
const value = base64(jsonValue);

/** Puts and watches by etcd's JSON over HTTP: the client and the shape are those of Baton over HTTP. */
export async function openEtcdHttp({ url }, inFlight) {
  const connections = await Promise.all(
    Array.from({ length: inFlight }, () => HttpConnection.open(url)),
  );
  return {
    put: (place, key) =>
      connections[place].post(
        "/v3/kv/put",
        `{"key":"${base64(`bench/${key}`)}","value":"${value}"}`,
      ),
    subscribe: (onChange, onFail) => watch(url, onChange, onFail),
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

/** The response never ends: it has a line of JSON for each message of the watch. */
async function watch(url, onChange, onFail) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, "connect");
  const body = JSON.stringify({
    create_request: { key: base64("bench/"), range_end: base64("bench0") },
  });
  socket.write(
    `POST /v3/watch HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const created = new Promise((resolve) => {
    socket.on("data", (chunk) => {
      const text = chunk.latin1Slice();
      if (text.includes('"created":true')) resolve();
      for (let at = text.indexOf('"kv":'); at !== -1; at = text.indexOf('"kv":', at + 1))
        onChange();
    });
  });
  socket.on("error", onFail);
  socket.on("close", () => onFail(new Error("The watch ended.")));
  await created;
  return {
    close() {
      socket.removeAllListeners("close");
      socket.destroy();
    },
  };
}
