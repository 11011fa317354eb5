// n. A search of 100,000 summaries of about 250 bytes, over HTTP, one at a time. Compared with a caller that reads all
// entries and filters them.

import { openGraphqlHttp } from "../load/graphql-http.mjs";
import { fillSummaries } from "../load/summaries.mjs";
import { quantile } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { untilIdle } from "../measure/until-idle.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { startPostgres } from "../servers/postgres.mjs";

const searchEntries = `query ($text: String!, $namespacePrefix: String) {
  searchEntries(text: $text, namespacePrefix: $namespacePrefix) {
    nodes { snippet match { path } entry { namespace key revision } } pageInfo { hasNextPage }
  }
}`;
const readPage = `query ($after: String) {
  entries(first: 500, after: $after) { nodes { namespace key value } pageInfo { hasNextPage endCursor } }
}`;
const searches = {
  "a rare text": { text: "needle" },
  "a text that every one has": { text: "summary of" },
  "the name of one": { text: "file-3333.ts" },
  "a text that none has": { text: "haystack" },
  "a text made of common parts": { text: "graph graphs regraph" },
  "what every one has, in one namespace": { text: "summary of", namespacePrefix: "repo-7:" },
};
const scan = "the caller reads all and filters";
const databases = ["SQLite", "PostgreSQL"];
const nameOf = (database, what) => `${database}, ${what}`;

/** The work of a caller without a search. */
async function scanAll({ run }) {
  const found = [];
  for (let after = null; ;) {
    const { entries: page } = await run(readPage, { after });
    found.push(...page.nodes.filter(({ value }) => value.summary.includes("needle")));
    if (!page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor;
  }
}

async function timed(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

await runBenchmark({
  id: "n",
  name: "n-search",
  title: "A search among 100,000 summaries",
  measures: { ms: "p50, ms" },
  checks: databases.flatMap((database) =>
    Object.keys(searches).map((what) => ({
      what: nameOf(database, what),
      of: [nameOf(database, what), "ms"],
      required: { atMost: 50, unit: "ms" },
    })),
  ),
  async measure({ rounds, either, progress, own }) {
    const postgres = own(await startPostgres());
    const targets = [];
    for (const database of databases) {
      const databaseUrl = database === "SQLite" ? undefined : await postgres.create();
      const server = own(await startBaton({ databaseUrl }));
      progress(`filling ${database}`);
      await fillSummaries(server, either(100_000, 5_000));
      progress("waiting for the search index");
      await untilIdle(server.pid, either(300, 20));
      for (const [what, variables] of Object.entries(searches)) {
        const run = (caller) => caller.run(searchEntries, variables);
        targets.push({ name: nameOf(database, what), server, run, times: either(15, 5) });
      }
      targets.push({ name: nameOf(database, scan), server, run: scanAll, times: 1 });
    }
    return interleave({
      rounds,
      targets,
      warmUp: async ({ server, run }) => {
        const caller = await openGraphqlHttp(server);
        await run(caller);
        caller.close();
      },
      measure: async ({ server, run, times }) => {
        const caller = await openGraphqlHttp(server);
        const laps = [];
        while (laps.length < times) laps.push(await timed(() => run(caller)));
        caller.close();
        return { ms: quantile(laps, 0.5) };
      },
      progress,
    });
  },
});
