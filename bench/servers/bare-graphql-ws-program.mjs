// A graphql-ws server with a subscription that stays silent: the minimum cost of an idle subscriber.
//   node bare-graphql-ws-program.mjs <port>

import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const [port] = process.argv.slice(2);
const schema = buildSchema(`
  type Query { ok: Boolean }
  type Subscription { entryChanged: EntryChange! }
  type EntryChange { kind: String! key: String revision: String! entry: Entry }
  type Entry { value: String }
`);
schema.getSubscriptionType().getFields().entryChanged.subscribe = () => ({
  next: () => new Promise(() => {}),
  return: async () => ({ done: true, value: undefined }),
  [Symbol.asyncIterator]() {
    return this;
  },
});
const server = createServer();
useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(port), "127.0.0.1");
