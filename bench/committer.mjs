// One process of bench/committers.mjs: a committer or a reader on a database, as an instance has one, with nothing
// around it. Says when it is ready; runs when it is told to, and answers what it did.

import { once } from "node:events";
import { built } from "./instances.mjs";

const { databaseUrl = "", dataDir, users, inFlight, seconds } = JSON.parse(process.argv[2]);
const { defaultConfig } = await built("config.js");
const { openDatabase } = await built("database/open-database.js");
const { commandOf } = await built("store/command.js");
const { Committer } = await built("store/committer.js");
const { drive } = await import("./client.mjs");

const config = defaultConfig({ databaseUrl, dataDir });
const silent = { debug() {}, info() {}, warn() {}, error: console.error };
const database = await openDatabase(config, silent);
const committer = new Committer({
  database,
  limits: config,
  onCommit: () => {},
});

const value = JSON.stringify({ text: "x".repeat(200) });
const userOf = (place, turn) =>
  `user-${(place * 7919 + turn * 104_729 + process.pid * 31) % users}`;
const keyOf = (place) => `key-${process.pid % 16}-${place}`;

const operations = {
  set: (place, turn) =>
    committer.submit(
      commandOf({ userId: userOf(place, turn), agent: null, mayRead: true }, [
        {
          kind: "set",
          argument: "",
          namespace: "default",
          key: keyOf(place),
          value,
          metadata: null,
          ttlSeconds: null,
          ifRevision: null,
        },
      ]),
    ),
  read: (place, turn) =>
    database.readEntry(userOf(place, turn), { namespace: "default", key: keyOf(place) }),
};

process.send("ready");
for (;;) {
  const [task] = await once(process, "message");
  if (task === "end") break;
  const { count, perSecond } = await drive(
    inFlight,
    task.seconds ?? seconds,
    operations[task.kind],
  );
  process.send({ count, perSecond });
}
await committer.close();
await database.close();
process.disconnect();
