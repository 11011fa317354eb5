// The owner of the code of a profile's frame, by its file.

const groups = [
  ["SQLite driver", /node_modules\/(@libsql|libsql|better-sqlite3|@neon-rs)\//],
  ["PostgreSQL driver", /node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+)\//],
  ["Prisma", /node_modules\/(@prisma|prisma)\/|database\/generated\//],
  ["Pothos", /node_modules\/@pothos\//],
  ["graphql-js", /node_modules\/graphql\//],
  ["ws, graphql-ws", /node_modules\/(ws|graphql-ws)\//],
  [
    "Yoga, envelop",
    /node_modules\/(graphql-yoga|@graphql-yoga|@envelop|@graphql-tools|@whatwg-node)\//,
  ],
  ["other packages", /node_modules\//],
  ["Node's http, net, streams", /^node:(_?http|net|_?stream|internal\/(http|stream|net)|_tls)/],
  ["Node's rest", /^node:/],
  ...["store", "database", "feed", "transport", "schema", "auth", "json"].map((folder) => [
    folder,
    new RegExp(`/dist/${folder}/`),
  ]),
  ["server's rest", /\/dist\//],
];

/**
 * @param {{ functionName: string, url: string }} frame @returns {string | undefined} undefined where the frame does not
 * tell: its caller's
 */
export function groupOf({ functionName, url }) {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (functionName === "(program)") return "native, outside of JavaScript";
  return groups.find(([, pattern]) => pattern.test(url))?.[0];
}
