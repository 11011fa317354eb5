// A query, mutations and a subscription in your own GraphQL, with types for all variables and responses.
import { follow, GraphqlError, run } from "./connection.ts";
import { removeReport, reportChanged, reports, storeReport } from "./documents.ts";

const namespace = "typed-graphql";
const report = { namespace, key: "report/rows", value: { rows: 1_200 } };

const { setEntry } = await run(storeReport, { input: report });
console.log(`stored as revision ${setEntry.entry.revision} at ${setEntry.entry.updatedAt}`);

const { entries } = await run(reports, { namespace, first: 10 });
for (const { key, value, updatedBy } of entries.nodes) {
  console.log(`found ${key}: ${JSON.stringify(value)}, by ${updatedBy}`);
}

try {
  await run(storeReport, { input: { ...report, ifRevision: "0" } });
} catch (error) {
  if (!(error instanceof GraphqlError) || error.extensions.code !== "CONFLICT") throw error;
  console.log(`not stored again: it is at revision ${error.extensions.currentRevision}`);
}

// All changes after its own write are shown, although the subscription begins later.
await run(storeReport, { input: { ...report, value: { rows: 1_300 } } });
await run(removeReport, { input: { namespace, key: report.key } });
const changes = follow(reportChanged, { namespace, after: setEntry.revision });
for await (const { entryChanged: change } of changes) {
  console.log(`saw ${change.kind} ${change.key}: ${JSON.stringify(change.entry?.value ?? null)}`);
  if (change.kind === "DELETED") break;
}
