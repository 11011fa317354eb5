import { Redis } from "ioredis";
import { jsonValue } from "../load/value.mjs";
import { connectionsFor } from "./connections-for.mjs";

const channel = "bench";

/** SET and PUBLISH together, and SUBSCRIBE, by the npm client `ioredis`. */
export async function openRedis({ port }, inFlight) {
  const open = () => new Redis(port, "127.0.0.1");
  const clients = Array.from({ length: connectionsFor(inFlight) }, open);
  return {
    async put(place, key) {
      const client = clients[place % clients.length];
      await Promise.all([client.set(key, jsonValue), client.publish(channel, jsonValue)]);
    },
    async subscribe(onChange) {
      const client = open();
      client.on("message", onChange);
      await client.subscribe(channel);
      return { close: () => client.disconnect() };
    },
    close() {
      for (const client of clients) client.disconnect();
    },
  };
}
