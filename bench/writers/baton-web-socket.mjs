import { GraphqlSocket } from "../load/graphql-socket.mjs";
import { entryChanged, setEntry } from "../load/operations.mjs";
import { value } from "../load/value.mjs";
import { connectionsFor } from "./connections-for.mjs";

/** Sets and subscribes over graphql-ws. */
export async function openBatonWebSocket({ url, token }, inFlight) {
  const open = () => GraphqlSocket.open(`${url}/graphql`, token);
  const sockets = await Promise.all(Array.from({ length: connectionsFor(inFlight) }, open));
  return {
    put: (place, key) => sockets[place % sockets.length].run(setEntry, { key, value }),
    async subscribe(onChange, onFail) {
      const socket = await open();
      socket.subscribe(entryChanged, undefined, onChange, onFail);
      return socket;
    },
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}
