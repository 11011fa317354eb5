import { openEventStream } from "../load/event-stream.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { bodyOf, entryChanged, headersOf, setEntry } from "../load/operations.mjs";
import { value } from "../load/value.mjs";

/** Sets over HTTP, with one connection per operation in flight. Subscribes by server-sent events. */
export async function openBatonHttp(server, inFlight) {
  const connections = await Promise.all(
    Array.from({ length: inFlight }, () => HttpConnection.open(server.url, headersOf(server))),
  );
  return {
    async put(place, key) {
      const answer = await connections[place].post("/graphql", bodyOf(setEntry, { key, value }));
      if (answer.includes('"errors"')) throw new Error(answer);
    },
    subscribe: (onChange, onFail) => openEventStream(server, entryChanged, onChange, onFail),
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
