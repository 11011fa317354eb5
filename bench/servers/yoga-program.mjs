// Stock GraphQL Yoga. The resolver reads one row with Prisma's findUnique.
//   node yoga-program.mjs <port> <SQLite file>

import { createServer } from "node:http";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { createSchema, createYoga } from "graphql-yoga";
import { PrismaClient } from "../../dist/database/generated/sqlite/client.js";
import { entryOf, typeDefs, userId } from "./peer-schema.mjs";

const [port, file] = process.argv.slice(2);
const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: `file:${file}` }) });
const entry = async (_root, { namespace, key }) =>
  entryOf(
    await prisma.entry.findUnique({
      where: { userId_namespace_key: { userId, namespace, key } },
      select: { namespace: true, key: true, value: true, metadata: true, revision: true },
    }),
  );
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: { Query: { entry } } }),
  logging: false,
});
createServer(yoga).listen(Number(port), "127.0.0.1");
