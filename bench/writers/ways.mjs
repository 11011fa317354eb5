// Baton and its peers, and the interfaces for writing to them, which a, b and c compare.

import { startBaton } from "../servers/baton.mjs";
import { startEtcd } from "../servers/etcd.mjs";
import { startNats } from "../servers/nats.mjs";
import { startPostgres } from "../servers/postgres.mjs";
import { startRedis } from "../servers/redis.mjs";
import { openBatonHttp } from "./baton-http.mjs";
import { openBatonWebSocket } from "./baton-web-socket.mjs";
import { openEtcdGrpc } from "./etcd-grpc.mjs";
import { openEtcdHttp } from "./etcd-http.mjs";
import { openEtcdNpm } from "./etcd-npm.mjs";
import { openNats } from "./nats.mjs";
import { openRedis } from "./redis.mjs";

/** The names of the targets in the results. */
export const names = {
  sqliteHttp: "Baton, SQLite, HTTP",
  sqliteWebSocket: "Baton, SQLite, WebSocket",
  postgresHttp: "Baton, PostgreSQL, HTTP",
  postgresWebSocket: "Baton, PostgreSQL, WebSocket",
  otherInstance: "Baton, PostgreSQL, set on another instance",
  etcdHttp: "etcd, HTTP",
  etcdGrpc: "etcd, gRPC",
  etcdNpm: "etcd, npm client",
  nats: "NATS KV, npm client",
  redis: "Redis SET + PUBLISH, npm client",
};

/**
 * Starts each server once.
 *
 * @param {(resource: { stop(): Promise<void> }) => any} own stops the resource at the end
 * @returns {Promise<Way[]>}
 *
 * @typedef {object} Way
 * @property {string} name
 * @property {object} server as its start returned it
 * @property {number[]} pids of the server, and of its database if that is a separate process
 * @property {(inFlight: number) => Promise<Writer>} open opens connections for one round, because an idle one would not
 * last
 *
 * @typedef {object} Writer
 * @property {(place: number, key: string) => Promise<unknown>} put resolves when the write is acknowledged; throws if
 * it is refused
 * @property {(onChange: () => void, onFail: (error: Error) => void) => Promise<{ close(): void }>} subscribe to every
 * change
 * @property {() => void} close
 */
export async function startWays(own) {
  const sqlite = own(await startBaton());
  const postgres = own(await startPostgres());
  const onPostgres = own(await startBaton({ databaseUrl: await postgres.create() }));
  const etcd = own(await startEtcd());
  const nats = own(await startNats());
  const redis = own(await startRedis());
  const way = (name, open, server, database) => ({
    name,
    server,
    pids: [server, database].flatMap((each) => each?.pid ?? []),
    open: (inFlight) => open(server, inFlight),
  });
  return [
    way(names.sqliteHttp, openBatonHttp, sqlite),
    way(names.sqliteWebSocket, openBatonWebSocket, sqlite),
    way(names.postgresHttp, openBatonHttp, onPostgres, postgres),
    way(names.postgresWebSocket, openBatonWebSocket, onPostgres, postgres),
    way(names.etcdHttp, openEtcdHttp, etcd),
    way(names.etcdGrpc, openEtcdGrpc, etcd),
    way(names.etcdNpm, openEtcdNpm, etcd),
    way(names.nats, openNats, nats),
    way(names.redis, openRedis, redis),
  ];
}

/**
 * Starts a second instance on the PostgreSQL of the ways: a set there is watched on the first.
 * @param {Way[]} ways
 */
export async function startOtherInstance(ways, own) {
  const first = ways.find(({ name }) => name === names.postgresWebSocket);
  const { databaseUrl, token } = first.server;
  const second = own(await startBaton({ databaseUrl, token }));
  return {
    name: names.otherInstance,
    pids: [...first.pids, second.pid],
    async open(inFlight) {
      const [{ subscribe, ...reader }, writer] = [
        await openBatonWebSocket(first.server, 1),
        await openBatonWebSocket(second, inFlight),
      ];
      return { put: writer.put, subscribe, close: () => (reader.close(), writer.close()) };
    },
  };
}

/** Opens a writer while `work` runs. */
export async function withWriter(way, inFlight, work) {
  const writer = await way.open(inFlight);
  try {
    return await work(writer);
  } finally {
    writer.close();
  }
}
