import { jsonTextOf } from "../../src/json/json-text.ts";
import { describe, expect, test } from "vitest";
import type { OwnDatabase } from "../own-database.ts";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { openInstances, type Instance } from "./instance.ts";
import { namespace, userId, Workforce, type Grant } from "./workers.ts";
import { viewerWith } from "../viewer.ts";

const taskCount = 1_000;
const tasks = Array.from({ length: taskCount }, (_, index) => `task-${index}`).sort();
const viewer = viewerWith(userId, null);

/** By the database's clock, which the observer also uses. */
const endLease = (own: OwnDatabase) => (token: string) =>
  own.execute(`UPDATE "Entry" SET "claimExpiresAt" =
    date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC') WHERE "claimToken" = '${token}'`);

describe.each([
  // No other process can write to SQLite's file while a transaction of this process is open, so leases end by
  // themselves.
  { name: "one instance on SQLite", create: createSqlite, count: 1, ending: () => null },
  {
    name: "three instances on PostgreSQL",
    create: () => createPostgres(),
    count: 3,
    ending: endLease,
  },
])("$name", ({ create, count, ending }) => {
  test("G6: 32 workers, each of which can die at any time, complete each of 1,000 tasks once", async ({
    annotate,
  }) => {
    await using opened = await openInstances(await create(), count);
    const [instance] = opened.all as [Instance];
    for (let index = 0; index < taskCount; index += 250) {
      const entries = tasks.slice(index, index + 250).map((key) => ({
        key,
        value: jsonTextOf("to do"),
      }));
      await instance.writer.setEntries(viewer, { namespace, entries });
    }
    const workforce = new Workforce(taskCount, {
      instances: opened.all,
      endLease: ending(opened.own),
      workers: 32,
      mortality: 0.05,
    });
    const begin = performance.now();
    await workforce.run();
    await annotate(
      JSON.stringify({
        ms: Math.round(performance.now() - begin),
        deaths: workforce.deaths,
        grants: workforce.grants.length,
        late: workforce.late.length,
      }),
    );

    const { grants } = workforce;
    expect(new Set(grants.map(({ token }) => token)).size).toBe(grants.length);
    const grantsOf = byKey(grants);
    for (const key of tasks) expectOneAfterTheOther(grantsOf.get(key) ?? []);

    const entries = new Map((await instance.entries(userId)).map((entry) => [entry.key, entry]));
    expect(entries.get("count")?.value).toBe(String(taskCount));
    expect(JSON.parse(entries.get("results")?.value ?? "").sort()).toEqual(tasks);
    const written = byKey(await instance.log(userId));
    for (const key of tasks) {
      const completing = grantsOf.get(key)?.filter(({ end }) => end === "completed") ?? [];
      expect(completing).toHaveLength(1);
      const [{ worker, attempt } = { worker: "", attempt: 0 }] = completing;
      expect(JSON.parse(entries.get(key)?.value ?? "")).toEqual({ by: worker, attempt });
      // One change created it, and one completed it.
      expect(written.get(key)?.map(({ kind, agent }) => [kind, agent])).toEqual([
        ["SET", null],
        ["SET", worker],
      ]);
    }
    expect(workforce.deaths).toMatchObject({
      "after the claim": expect.any(Number),
      "before completing": expect.any(Number),
      "while completing": expect.any(Number),
    });
    expect(workforce.late.length).toBeGreaterThan(0);
    expect(new Set(workforce.late)).toEqual(new Set(["CLAIM_LOST"]));
  });
});

/** No two workers held it at the same time, and none held it after it was completed. */
function expectOneAfterTheOther(grants: readonly Grant[]): void {
  const ordered = grants.toSorted((a, b) => a.attempt - b.attempt);
  expect(ordered.map(({ attempt }) => attempt)).toEqual(ordered.map((_, index) => index + 1));
  ordered.forEach(({ until, end }, index) => {
    const next = ordered[index + 1];
    if (!next) return expect(end).toBe("completed");
    expect(end).not.toBe("completed");
    expect(next.from).toBeGreaterThanOrEqual(until);
  });
}

function byKey<T extends { readonly key: string | null }>(items: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    if (item.key !== null) found.set(item.key, [...(found.get(item.key) ?? []), item]);
  }
  return found;
}
