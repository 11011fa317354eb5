// Mercurius with its JIT. The resolver reads one row with a statement that is prepared once.
//   node mercurius-program.mjs <port> <SQLite file>

import Fastify from "fastify";
import Database from "libsql";
import mercurius from "mercurius";
import { entryOf, typeDefs, userId } from "./peer-schema.mjs";

const [port, file] = process.argv.slice(2);
const readEntry = new Database(file, { readonly: true }).prepare(
  `SELECT "namespace", "key", "value", "metadata", "revision" FROM "Entry"
   WHERE "userId" = ? AND "namespace" = ? AND "key" = ?`,
);
const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  resolvers: {
    Query: { entry: (_root, { namespace, key }) => entryOf(readEntry.get(userId, namespace, key)) },
  },
});
await app.listen({ port: Number(port), host: "127.0.0.1" });
