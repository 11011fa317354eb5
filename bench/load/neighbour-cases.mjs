// The load of one user that can delay another: each case is a request in its worst known form.

import { connect } from "node:net";
import { burstCases } from "./burst-cases.mjs";
import { GraphqlSocket } from "./graphql-socket.mjs";
import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "./operations.mjs";
import { RawWebSocket } from "./web-socket.mjs";

const mebi = 1024 * 1024;
const patience = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Values of almost 1 MiB, of three kinds. */
const largeText = "x".repeat(mebi - 100);
const largeArray = Array.from({ length: 150_000 }, (_, at) => at);
const largeObject = Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`m${at}`, at]));
const emptyObjects = Array.from({ length: 340_000 }, () => ({}));

const set = `mutation ($key: String!, $value: JSON!, $namespace: String = "default") {
  setEntry(input: { namespace: $namespace, key: $key, value: $value }) { revision }
}`;

/** A caller over HTTP. A response with errors fails the case: then it does not measure what its name says. */
async function caller(server) {
  const connection = await HttpConnection.open(server.url, headersOf(server));
  const answerOf = (query, variables) =>
    connection.post("/graphql", bodyOf(query, variables)).catch(String);
  return {
    async run(query, variables = {}) {
      const answer = await answerOf(query, variables);
      if (answer.includes('"errors"'))
        throw new Error(`A case was refused: ${answer.slice(0, 500)}`);
    },
    async refused(query, reason) {
      const answer = await answerOf(query, {});
      if (!answer.includes(reason)) throw new Error(`It was not refused: ${answer.slice(0, 500)}`);
    },
    post: (path, body) => connection.post(path, body).catch(String),
    close: () => connection.close(),
  };
}

async function withCallers(server, count, work) {
  const callers = await Promise.all(Array.from({ length: count }, () => caller(server)));
  try {
    const answers = await Promise.all(callers.map(work));
    return answers;
  } finally {
    for (const { close } of callers) close();
  }
}

/** Runs work with several callers, each several times. */
const repeatedly = (count, times, work) => (server) =>
  withCallers(server, count, async (own, index) => {
    for (let time = 0; time < times; time += 1) await work(own, index * times + time);
  });

const aliases = (count, field) =>
  `{ ${Array.from({ length: count }, (_, at) => `a${at}: ${field(at)}`).join(" ")} }`;

/** MCP over HTTP, in its stateless protocol. */
const mcpHeaders = (server) => ({
  ...headersOf(server),
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-06-18",
});
async function mcpCaller(server) {
  const connection = await HttpConnection.open(server.url, mcpHeaders(server));
  let id = 0;
  return {
    call: (name, args) =>
      connection
        .post(
          "/mcp",
          JSON.stringify({
            jsonrpc: "2.0",
            id: (id += 1),
            method: "tools/call",
            params: { name, arguments: args },
          }),
        )
        .catch(String),
    close: () => connection.close(),
  };
}
const mcp = (count, times, work) => async (server) => {
  const callers = await Promise.all(Array.from({ length: count }, () => mcpCaller(server)));
  await Promise.all(
    callers.map(async (own, index) => {
      for (let time = 0; time < times; time += 1) await work(own, index * times + time);
      own.close();
    }),
  );
};

async function socketOf(server, token = server.token) {
  const socket = await RawWebSocket.open(`${server.url}/graphql`);
  const opened = new Promise((resolve) => (socket.onMessage = resolve));
  socket.send(
    JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }),
  );
  await opened;
  return socket;
}

/**
 * Writes the entries that the cases read. They belong to the user that causes the load, not to the neighbour.
 * @param {{ url: string, token: string }} server
 */
export async function prepareCases(server) {
  const own = await caller(server);
  for (let at = 0; at < 60; at += 1) {
    await own.run(set, { namespace: "texts", key: `text-${at}`, value: largeText });
  }
  for (let at = 0; at < 16; at += 1) {
    await own.run(set, { namespace: "objects", key: `object-${at}`, value: largeObject });
    await own.run(set, { namespace: "patched", key: `object-${at}`, value: { largeText } });
    await own.run(set, { namespace: "arrays", key: `array-${at}`, value: largeArray });
    await own.run(set, { namespace: "empties", key: `empty-${at}`, value: emptyObjects });
  }
  for (let batch = 0; batch < 20; batch += 1) {
    await own.run(setEntries, {
      namespace: `many-${batch}`,
      entries: Array.from({ length: 1_000 }, (_, at) => ({
        key: `key-${at}`,
        value: { n: at, text: "some words" },
      })),
    });
  }
  for (let batch = 0; batch < 10; batch += 1) {
    await own.run(
      `mutation (${Array.from({ length: 100 }, (_, at) => `$v${at}: JSON!`).join(" ")}) {
        transact(input: { operations: [${Array.from({ length: 100 }, (_, at) => `{ set: { namespace: "name-${batch}-${at}", key: "k", value: $v${at} } }`).join(" ")}] }) { revision } }`,
      Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`v${at}`, at])),
    );
  }
  own.close();
}

const entriesOf = (namespace, first, more = "") =>
  `entries(namespace: "${namespace}", first: ${first}) { nodes { key value ${more} } }`;

/** The cases, by the name of their row in the table. */
export const cases = {
  nothing: () => patience(2_000),
  "answers of 60 MB over HTTP": repeatedly(2, 2, ({ run }) => run(`{ ${entriesOf("texts", 60)} }`)),
  "answers of 60 MB over WebSocket": async (server) => {
    const socket = await GraphqlSocket.open(`${server.url}/graphql`, server.token);
    for (let time = 0; time < 3; time += 1) {
      await socket.run(`{ ${entriesOf("texts", 60)} }`).catch(String);
    }
    socket.close();
  },
  "answers of 60 MB of small members": repeatedly(1, 1, ({ run }) =>
    run(
      `{ a: ${entriesOf("objects", 16)} b: ${entriesOf("arrays", 16)} c: ${entriesOf("empties", 16)} }`,
    ),
  ),
  "16 patches of 1 MiB values at a time": repeatedly(16, 8, ({ run }, at) =>
    run(
      `mutation { patchEntry(input: { namespace: "patched", key: "object-${at % 16}", patch: { n: ${at} } }) { revision } }`,
    ),
  ),
  "unread answers": async (server) => {
    const body = bodyOf(`{ ${entriesOf("texts", 30)} }`, {});
    const sockets = [];
    for (let at = 0; at < 20; at += 1) {
      const { hostname, port } = new URL(server.url);
      const socket = connect(Number(port), hostname).on("error", () => {});
      socket.write(
        `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      socket.pause();
      sockets.push(socket);
    }
    await patience(4_000);
    for (const socket of sockets) socket.destroy();
  },
  "setEntry of 1 MiB, 8 at a time": repeatedly(8, 4, ({ run }, at) =>
    run(set, { key: `set-${at % 8}`, value: at % 2 ? largeObject : largeText }),
  ),
  "patchEntry of 1 MiB": repeatedly(4, 6, ({ run }, at) =>
    run(
      `mutation ($key: String!, $patch: JSON!) { patchEntry(input: { namespace: "objects", key: $key, patch: $patch }) { revision } }`,
      { key: `object-${at % 4}`, patch: at % 2 ? { m5: at } : largeObject },
    ),
  ),
  "incrementEntry within 1 MiB": repeatedly(4, 8, ({ run }, at) =>
    run(
      `mutation ($key: String!, $namespace: String!, $path: String!) { incrementEntry(input: { namespace: $namespace, key: $key, path: $path }) { revision } }`,
      at % 2
        ? { namespace: "objects", key: `object-${at % 4}`, path: "/m59999" }
        : { namespace: "arrays", key: `array-${at % 4}`, path: "/148999" },
    ),
  ),
  "appendToEntry to 1 MiB": repeatedly(4, 8, ({ run }, at) =>
    run(
      `mutation ($key: String!, $maxLength: Int) { appendToEntry(input: { namespace: "arrays", key: $key, value: 1, maxLength: $maxLength }) { revision } }`,
      { key: `array-${at % 4}`, maxLength: 149_000 },
    ),
  ),
  "transact of 200 patches of 64 KiB": repeatedly(1, 4, async ({ run }, at) => {
    const value = Object.fromEntries(
      Array.from({ length: 4_000 }, (_, index) => [`m${index}`, index]),
    );
    await run(set, { namespace: "patched", key: "one", value });
    const names = Array.from({ length: 200 }, (_, index) => index);
    return run(
      `mutation ($patch: JSON!) { transact(input: { operations: [${names
        .map(() => `{ patch: { namespace: "patched", key: "one", patch: $patch } }`)
        .join(" ")}] }) { revision } }`,
      { patch: { m1: at } },
    );
  }),
  "transact of patches of 16 values of 1 MiB": repeatedly(2, 2, ({ run }, at) =>
    run(
      `mutation ($patch: JSON!) { transact(input: { operations: [${Array.from({ length: 16 }, (_, index) => `{ patch: { namespace: "objects", key: "object-${index}", patch: $patch } }`).join(" ")}] }) { revision } }`,
      { patch: { m1: at } },
    ),
  ),
  "setEntries of 1,000 × 10 KiB": repeatedly(2, 3, ({ run }, at) =>
    run(setEntries, {
      namespace: `batch-${at % 2}`,
      entries: Array.from({ length: 1_000 }, (_, index) => ({
        key: `key-${index}`,
        value: "x".repeat(10_000),
      })),
    }),
  ),
  "where on values of 1 MiB": repeatedly(4, 2, ({ run }) =>
    run(
      `query ($where: [ValueCondition!]) { a: entries(namespace: "objects", where: $where, first: 100) { nodes { key } } b: entries(namespace: "arrays", where: $where, first: 100) { nodes { key } } }`,
      {
        where: Array.from({ length: 20 }, (_, at) => ({
          path: `/m${59_000 + at}`,
          op: "EQ",
          value: "nothing",
        })),
      },
    ),
  ),
  "snapshots of 20,000 entries": async (server) => {
    const socket = await GraphqlSocket.open(`${server.url}/graphql`, server.token);
    await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise((resolve) =>
            socket.subscribe(
              `subscription { entryChanged(namespacePrefix: "many-", snapshot: true) { kind entry { key value } } }`,
              {},
              ({ entryChanged: { kind } }) => kind === "CAUGHT_UP" && resolve(),
              resolve,
            ),
          ),
      ),
    );
    socket.close();
  },
  "20 differing subscriptions to values of 1 MiB": async (server) => {
    const sockets = await Promise.all(
      Array.from({ length: 4 }, () => GraphqlSocket.open(`${server.url}/graphql`, server.token)),
    );
    let seen = 0;
    for (let at = 0; at < 20; at += 1) {
      sockets[at % 4].subscribe(
        `subscription { entryChanged(namespace: "seen") { kind a${at}: entry { value } } }`,
        {},
        () => (seen += 1),
        () => {},
      );
    }
    const own = await caller(server);
    await patience(300);
    for (let at = 0; at < 6; at += 1) {
      await own.run(set, { namespace: "seen", key: "k", value: at % 2 ? largeObject : largeText });
    }
    await patience(1_500);
    own.close();
    for (const socket of sockets) socket.close();
  },
  "4,000 × (subscribe + complete) in one burst": async (server) => {
    const socket = await socketOf(server);
    const query = "subscription { entryChanged { kind } }";
    for (let at = 0; at < 4_000; at += 1) {
      socket.send(JSON.stringify({ id: `s${at}`, type: "subscribe", payload: { query } }));
      socket.send(JSON.stringify({ id: `s${at}`, type: "complete" }));
    }
    const last = new Promise((resolve) => {
      socket.onMessage = (message) => String(message).includes('"last"') && resolve();
      socket.onClose = resolve;
    });
    socket.send(
      JSON.stringify({ id: "last", type: "subscribe", payload: { query: "{ viewer { user } }" } }),
    );
    await last;
    socket.close();
  },
  "4,000 queries in one burst": async (server) => {
    const socket = await socketOf(server);
    let answered = 0;
    const all = new Promise((resolve) => {
      socket.onMessage = (message) => {
        if (/"(complete|error)"/.test(String(message)) && (answered += 1) === 4_000) resolve();
      };
      socket.onClose = resolve;
    });
    for (let at = 0; at < 4_000; at += 1) {
      const query = `{ entries(namespace: "many-1", first: 50) { nodes { key value } } }`;
      socket.send(JSON.stringify({ id: `s${at}`, type: "subscribe", payload: { query } }));
    }
    await all;
    socket.close();
  },
  "440 aliases of usage": repeatedly(2, 2, ({ run }) =>
    run(aliases(440, () => "viewer { usage { entryCount } }")),
  ),
  "18 aliases of namespaces": repeatedly(2, 2, ({ run }) =>
    run(aliases(18, () => "namespaces(first: 130) { nodes { name entryCount sizeBytes agents } }")),
  ),
  "45 aliases of searches": repeatedly(1, 1, ({ run }) =>
    run(
      aliases(
        45,
        (at) =>
          `searchEntries(text: "${["words", "xxx", "key-1", "nowhere"][at % 4]}") { nodes { snippet } }`,
      ),
    ),
  ),
  "documents that are not valid": repeatedly(4, 10, ({ refused }, at) =>
    refused(
      aliases(350, (index) => `entri${at}_${index}(namespace: 1) { nodse }`),
      "Cannot query field",
    ),
  ),
  "documents of 4,000 tokens": repeatedly(4, 10, ({ run }, at) =>
    run(aliases(300, (index) => `entry(key: "${at}-${index}") { key value }`)),
  ),
  "5,000 fields that read nothing": repeatedly(2, 5, ({ run }) =>
    run(
      `${aliases(30, () => "viewer { ...Viewer }")}
      fragment Viewer on Viewer ${aliases(80, () => "limits { maxKeyBytes }")}`,
    ),
  ),
  "500 lists of 100 grants": ({ url, tokenOfGrants }) =>
    repeatedly(2, 2, ({ run }) =>
      run(
        `${aliases(20, () => "viewer { ...Viewer }")}
        fragment Viewer on Viewer ${aliases(25, () => "grants { namespacePattern scopes }")}`,
      ),
    )({ url, token: tokenOfGrants }),
  "70 lists of one page": repeatedly(2, 3, ({ run }) =>
    run(
      `{ entries(namespace: "many-1", first: 40) ${aliases(70, () => "nodes { ...Entry }")} }
      fragment Entry on Entry ${aliases(60, () => "namespace")}`,
    ),
  ),
  introspection: repeatedly(2, 5, ({ run }) =>
    run(
      `{ __schema { types { name description fields(includeDeprecated: true) { name description args { name description type { name kind ofType { name kind ofType { name kind ofType { name } } } } defaultValue } type { name kind ofType { name kind ofType { name kind ofType { name } } } } } inputFields { name description type { name kind ofType { name kind } } defaultValue } enumValues { name description } } directives { name args { name } } } }`,
    ),
  ),
  "bodies of 10 MB": repeatedly(3, 2, ({ post }, at) =>
    post(
      "/graphql",
      at % 2
        ? JSON.stringify({
            query: "{ viewer { user } }",
            variables: { unused: Array.from({ length: 10 }, () => largeObject) },
          })
        : `{"query":"{ viewer { user } }","variables":${'{"a":'.repeat(60)}[${"1,".repeat(3_000_000)}1]${"}".repeat(60)}}`,
    ),
  ),
  "clearNamespace of 1,000 entries, 20 times": repeatedly(1, 20, ({ run }, at) =>
    run(
      `mutation ($namespace: String!) { clearNamespace(input: { namespace: $namespace }) { clearedCount } }`,
      {
        namespace: `many-${at}`,
      },
    ),
  ),
  "1,000 connections": async (server) => {
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 1_000 }, () =>
      connect(Number(port), hostname)
        .on("error", () => {})
        .on("connect", function () {
          this.write(
            `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nonsense\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
          );
        }),
    );
    await Promise.all(
      sockets.map(
        (socket) => new Promise((resolve) => socket.once("data", resolve).once("close", resolve)),
      ),
    );
    for (const socket of sockets) socket.destroy();
  },
  "500 sockets with tokens that are not valid": async (server) => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        const socket = await RawWebSocket.open(`${server.url}/graphql`);
        const acknowledged = new Promise((resolve) => {
          socket.onMessage = resolve;
          socket.onClose = resolve;
        });
        socket.send(
          JSON.stringify({
            type: "connection_init",
            payload: { authorization: `Bearer bad-${at}` },
          }),
        );
        await acknowledged;
        return socket;
      }),
    );
    for (const socket of sockets) socket.close();
  },
  "baton_set and baton_get of 1 MiB": mcp(4, 6, async ({ call }, at) => {
    await call("baton_set", { key: `mcp-${at % 4}`, value: at % 2 ? largeObject : largeText });
    await call("baton_get", { namespace: "objects", key: `object-${at % 4}`, path: "/m59999" });
  }),
  "baton_update of 1 MiB": mcp(4, 6, ({ call }, at) =>
    call("baton_update", {
      namespace: "objects",
      key: `object-${4 + (at % 4)}`,
      action: "patch",
      patch: { m5: at },
    }),
  ),
  "baton_search and lists": mcp(4, 6, async ({ call }) => {
    await call("baton_search", { text: "words" });
    await call("baton_list_keys", { namespace: "texts" });
    await call("baton_list_namespaces", {});
  }),
  ...burstCases,
};
