import { expect } from "vitest";
import type { Database } from "../src/store/contract.ts";
import type { Entry, Namespace } from "../src/store/model/entry.ts";
import { everything } from "../src/store/model/text-match.ts";
import type { OwnDatabase } from "./own-database.ts";

/** Expects that the stored totals of each namespace are the sums of its stored entries, including expired ones. */
export async function expectNamespaceRows(own: Pick<OwnDatabase, "query">): Promise<void> {
  const comparable = <Row extends object>(rows: readonly Row[]) =>
    rows.map((row) => JSON.stringify(Object.values(row).map(String))).sort();
  const kept = await own.query<object>(
    `SELECT "userId", "namespace", "entryCount", "sizeBytes" FROM "Namespace"`,
  );
  const counted = await own.query<object>(
    `SELECT "userId", "namespace", COUNT(*) AS "entryCount", SUM("sizeBytes") AS "sizeBytes" FROM "Entry"
     GROUP BY "userId", "namespace"`,
  );
  expect(comparable(kept)).toEqual(comparable(counted));
  const keptAgents = await own.query<object>(
    `SELECT "userId", "namespace", "agent", "referenceCount" FROM "NamespaceAgent"`,
  );
  const countedAgents = await own.query<object>(
    `SELECT "userId", "namespace", "agent", COUNT(*) AS "referenceCount" FROM (
       SELECT "userId", "namespace", "createdBy" AS "agent" FROM "Entry"
       UNION ALL SELECT "userId", "namespace", "updatedBy" AS "agent" FROM "Entry") AS "reference"
     WHERE "agent" IS NOT NULL GROUP BY "userId", "namespace", "agent"`,
  );
  expect(comparable(keptAgents)).toEqual(comparable(countedAgents));
}

/** Expects that readers see exactly the namespaces of the entries that they see. */
export async function expectNamespacesOf(
  database: Database,
  userId: string,
  entries: readonly Entry[],
): Promise<void> {
  const shown: Namespace[] = [];
  for (let hasMore = true; hasMore;) {
    // With small pages, so that following pages are read, too.
    const after = shown.at(-1)?.name ?? null;
    const page = await database.readNamespaces(userId, [everything], after, 2);
    shown.push(...page.items);
    hasMore = page.hasMore;
  }
  const names = [...new Set(entries.map(({ namespace }) => namespace))];
  expect(
    shown.map(({ name, entryCount, sizeBytes, agents }) => [name, entryCount, sizeBytes, agents]),
  ).toEqual(
    names.map((name) => {
      const own = entries.filter(({ namespace }) => namespace === name);
      const agents = own.flatMap(({ createdBy, updatedBy }) => [createdBy, updatedBy]);
      return [
        name,
        own.length,
        own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        [...new Set(agents.filter((agent) => agent !== null))].sort(),
      ];
    }),
  );
  for (const { name, updatedAt } of shown) {
    for (const entry of entries) {
      if (entry.namespace === name) expect(entry.updatedAt <= updatedAt).toBe(true);
    }
  }
}
