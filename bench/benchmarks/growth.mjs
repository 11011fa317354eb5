// h. Growth: the same calls on a store of 1,000 entries and on one of 1,000,000 entries in 10,000 namespaces,
// alternately, one at a time. Half of the large store is in one namespace, which the first page and the list read.

import { fill } from "../load/fill.mjs";
import { openGraphqlHttp } from "../load/graphql-http.mjs";
import { readEntry, setEntry } from "../load/operations.mjs";
import { value } from "../load/value.mjs";
import { handOver } from "../measure/handoff.mjs";
import { quantile } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { untilIdle } from "../measure/until-idle.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { openBatonWebSocket } from "../writers/baton-web-socket.mjs";

const keys = 1_000;
const nodes = "nodes { key value revision } pageInfo { hasNextPage endCursor }";
const calls = {
  set: [setEntry, (turn) => ({ key: `key-${turn % keys}`, value })],
  get: [readEntry, (turn) => ({ key: `key-${turn % keys}` })],
  firstPage: [`{ entries(namespace: "default", first: 100) { ${nodes} } }`],
  firstPageOfNamespace: [`{ namespace { entries(first: 100) { ${nodes} } } }`],
  list: [
    `query ($after: String) { entries(namespace: "default", keyPrefix: "key-5", first: 100, after: $after) { ${nodes} } }`,
  ],
  namespaces: [`{ namespaces(first: 100) { nodes { name } pageInfo { hasNextPage } } }`],
  namespacesWithCounts: [
    `{ namespaces(first: 100) { nodes { name entryCount sizeBytes updatedAt } pageInfo { hasNextPage } } }`,
  ],
  usage: ["{ viewer { usage { entryCount namespaceCount sizeBytes } } }"],
};
const headings = {
  set: "set",
  get: "get",
  watch: "set until seen",
  firstPage: "first page",
  firstPageOfNamespace: "first page by namespace",
  list: "list by prefix",
  namespaces: "page of namespaces",
  namespacesWithCounts: "page of namespaces with counts",
  usage: "usage",
};
const small = "1,000 entries";
const large = "1,000,000 entries, 10,000 namespaces";

await runBenchmark({
  id: "h",
  name: "h-growth",
  title: "Growth from 1,000 to 1,000,000 entries",
  measures: Object.fromEntries(
    Object.entries(headings).map(([name, heading]) => [name, `${heading}, p50 ms`]),
  ),
  checks: [
    ...["set", "get", "watch", "firstPage", "firstPageOfNamespace", "list"].map((name) => ({
      what: `${headings[name]}: 1,000,000 ÷ 1,000 entries`,
      of: [large, name],
      to: [small, name],
      required: { atMost: 1.25 },
    })),
    ...["namespaces", "namespacesWithCounts"].map((name) => ({
      what: `${headings[name]}, of 10,000`,
      of: [large, name],
      required: { atMost: 10, unit: "ms" },
    })),
    { what: "usage: 1,000,000 ÷ 1,000 entries", of: [large, "usage"], to: [small, "usage"] },
  ],
  async measure({ rounds, either, progress, own }) {
    const others = either(9_999, 99);
    const entries = either(1_000_000, 20_000);
    const servers = [own(await startBaton()), own(await startBaton())];
    await fill(servers[0], keys);
    progress(`filling ${entries} entries`);
    await fill(servers[1], entries / 2);
    const names = Array.from({ length: others }, (_, at) => `namespace-${at}`);
    await fill(servers[1], Math.ceil(entries / 2 / others), names);
    progress("waiting for the search index");
    if (!(await untilIdle(servers[1].pid, either(600, 10)))) progress("it is still busy");
    return interleave({
      rounds,
      targets: [small, large].map((name, place) => ({ name, server: servers[place] })),
      warmUp: ({ server }) => measureOnce(server, either(2, 0.3)),
      measure: ({ server }) => measureOnce(server, either(1.5, 0.3)),
      progress,
    });
  },
});

/** Runs each call for the given number of seconds, one at a time. Returns the median of each, in ms. */
async function measureOnce(server, seconds) {
  const caller = await openGraphqlHttp(server);
  const medians = {};
  for (const [name, [query, variablesOf]] of Object.entries(calls)) {
    const laps = [];
    const end = performance.now() + seconds * 1_000;
    for (let turn = 0; performance.now() < end; turn += 1) {
      const begin = performance.now();
      await caller.run(query, variablesOf?.(turn));
      laps.push(performance.now() - begin);
    }
    medians[name] = quantile(laps, 0.5);
  }
  caller.close();
  const writer = await openBatonWebSocket(server, 1);
  const { seenMs } = await handOver(writer, { warmUpSeconds: 0.2, seconds });
  writer.close();
  return { ...medians, watch: quantile(seenMs, 0.5) };
}
