import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { jsonValue } from "../load/value.mjs";
import { connectionsFor } from "./connections-for.mjs";

const bucket = "bench";

/** Puts and watches by the npm client `@nats-io/kv`. */
export async function openNats({ url }, inFlight) {
  const open = async () => {
    const connection = await connect({ servers: url });
    return { connection, kv: await new Kvm(connection).create(bucket, { storage: "file" }) };
  };
  const clients = [];
  while (clients.length < connectionsFor(inFlight)) clients.push(await open());
  return {
    put: (place, key) => clients[place % clients.length].kv.put(key, jsonValue),
    async subscribe(onChange) {
      const { connection, kv } = await open();
      const changes = await kv.watch({ include: "updates" });
      void (async () => {
        for await (const _change of changes) onChange();
      })();
      return { close: () => void connection.close() };
    },
    close() {
      for (const { connection } of clients) void connection.close();
    },
  };
}
