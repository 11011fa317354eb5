import { putRequest, readWatchResponse, watchRequest } from "../load/etcd-messages.mjs";
import { GrpcConnection } from "../load/grpc-connection.mjs";
import { jsonValue } from "../load/value.mjs";
import { connectionsFor } from "./connections-for.mjs";

/** Puts and watches by etcd's gRPC, on raw sockets. */
export async function openEtcdGrpc({ url }, inFlight) {
  const open = () => GrpcConnection.open(url);
  const connections = await Promise.all(Array.from({ length: connectionsFor(inFlight) }, open));
  return {
    put: (place, key) =>
      connections[place % connections.length].call(
        "/etcdserverpb.KV/Put",
        putRequest(`bench/${key}`, jsonValue),
      ),
    async subscribe(onChange, onFail) {
      const connection = await open();
      const next = (message) => {
        for (let { events } = readWatchResponse(message); events > 0; events -= 1) onChange();
      };
      connection.stream("/etcdserverpb.Watch/Watch", watchRequest("bench/"), next, onFail);
      return connection;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
