import { Etcd3 } from "etcd3";
import { jsonValue } from "../load/value.mjs";
import { connectionsFor } from "./connections-for.mjs";

/** Puts and watches by the npm client `etcd3`. */
export async function openEtcdNpm({ url }, inFlight) {
  const open = () => new Etcd3({ hosts: url });
  const clients = Array.from({ length: connectionsFor(inFlight) }, open);
  return {
    put: (place, key) => clients[place % clients.length].put(`bench/${key}`).value(jsonValue),
    async subscribe(onChange, onFail) {
      const client = open();
      const watcher = await client.watch().prefix("bench/").create();
      watcher.on("put", onChange).on("error", onFail);
      return { close: () => client.close() };
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
