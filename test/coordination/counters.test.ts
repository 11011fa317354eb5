import { describe, expect, test } from "vitest";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { openInstances, type Instance } from "./instance.ts";
import { viewerWith } from "../viewer.ts";

const viewer = viewerWith("local", null);

/** The number of concurrent calls of each worker. Two cores have hardly time for 32,000 sequential round trips. */
const atOnce = 10;

describe.each([
  { name: "one instance on SQLite", create: createSqlite, count: 1 },
  { name: "three instances on PostgreSQL", create: () => createPostgres(), count: 3 },
])("$name", ({ create, count }) => {
  test("G6: 32 workers that increment 1,000 times each reach 32,000 exactly", async ({
    annotate,
  }) => {
    await using opened = await openInstances(await create(), count);
    const instances = opened.all;
    const begin = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 32 }, async (_, worker) => {
        const { writer } = instances[worker % count] as Instance;
        const values: number[] = [];
        while (values.length < 1_000) {
          const input = { namespace: "default", key: "counter", by: 1 };
          const increments = Array.from({ length: atOnce }, () =>
            writer.incrementEntry(viewer, input),
          );
          for (const { entry } of await Promise.all(increments)) values.push(Number(entry.value));
        }
        return values;
      }),
    );
    await annotate(`${Math.round(32_000_000 / (performance.now() - begin))} increments/s`);
    // No two calls returned the same sum, and the sums of each worker only grew.
    expect(answers.flat().toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 32_000 }, (_, at) => at + 1),
    );
    for (const values of answers) expect(values).toEqual(values.toSorted((a, b) => a - b));
    for (const instance of instances) {
      expect(await instance.entries("local")).toMatchObject([
        { value: "32000", revision: 32_000n },
      ]);
    }
  });
});
