import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusal, Refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { get, headRevision, remove, set, setMany, wholeLog } from "../operations.ts";
import type { TestServer } from "../server.ts";

describe.each(plainDatabases)("conditional and atomic writes on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  test('G7: ifRevision "0" creates only an absent entry', async () => {
    const created = await set(server, { key: "claim", value: "first", ifRevision: "0" });
    const { code, extensions } = await refusal(
      set(server, { key: "claim", value: "second", ifRevision: "0" }),
    );
    expect(code).toBe("CONFLICT");
    expect(extensions).toMatchObject({ currentRevision: created.revision, currentValue: "first" });
    expect((await get(server, "claim"))?.value).toBe("first");
  });

  test("G7: a set or delete at another revision changes nothing and returns the current state", async () => {
    const first = await set(server, { key: "cas", value: 1 });
    const second = await set(server, { key: "cas", value: 2, ifRevision: first.revision });
    const head = await headRevision(server);
    for (const attempt of [
      () => set(server, { key: "cas", value: 3, ifRevision: first.revision }),
      () => remove(server, { key: "cas", ifRevision: first.revision }),
    ]) {
      const { extensions } = await refusal(attempt());
      expect(extensions).toMatchObject({
        code: "CONFLICT",
        currentRevision: second.revision,
        currentValue: 2,
      });
    }
    expect(await headRevision(server)).toBe(head);
    expect(await remove(server, { key: "cas", ifRevision: second.revision })).toMatchObject({
      deleted: true,
    });
    const absent = await refusal(
      set(server, { key: "cas", value: 3, ifRevision: second.revision }),
    );
    expect(absent.extensions).toMatchObject({ currentRevision: "0", currentValue: null });
  });

  test("G7: 16 clients that count by compare-and-set lose no count", async () => {
    await set(server, { key: "count", value: 0 });
    const increment = async (): Promise<void> => {
      const entry = await get(server, "count");
      try {
        await set(server, { key: "count", value: entry?.value + 1, ifRevision: entry?.revision });
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "CONFLICT") throw error;
        return increment();
      }
    };
    const clients = Array.from({ length: 16 }, async () => {
      for (let times = 0; times < 2; times++) await increment();
    });
    await Promise.all(clients);
    expect((await get(server, "count"))?.value).toBe(32);
  });

  test("G6: writes nothing of a batch if one condition fails", async () => {
    await set(server, { namespace: "batch", key: "there", value: "old" });
    const head = await headRevision(server);
    const { code, extensions } = await refusal(
      setMany(server, "batch", [
        { key: "new", value: 1 },
        { key: "there", value: 2, ifRevision: "0" },
      ]),
    );
    expect(code).toBe("CONFLICT");
    expect(extensions).toMatchObject({ key: "there", argument: "input.entries.1.ifRevision" });
    expect(await headRevision(server)).toBe(head);
    expect(await get(server, "new", "batch")).toBeNull();
  });

  test("G6: a refused command fails alone, regardless of others in the same commit", async () => {
    await set(server, { key: "taken", value: 0 });
    const writes = Array.from({ length: 60 }, (_, index) =>
      index % 3 === 0
        ? refusal(set(server, { key: "taken", value: index, ifRevision: "0" }))
        : set(server, { namespace: "alone", key: `k${index}`, value: index }),
    );
    const outcomes = await Promise.all(writes);
    const refused = outcomes.filter((outcome) => outcome instanceof Refusal);
    expect(refused.map(({ code }) => code)).toEqual(Array(20).fill("CONFLICT"));
    for (let index = 0; index < 60; index++) {
      const entry = await get(server, `k${index}`, "alone");
      expect(entry?.value).toBe(index % 3 === 0 ? undefined : index);
    }
  });

  test("G2: revisions are 1, 2, 3 … without holes, despite refused and empty writes", async () => {
    const log = await wholeLog(server);
    expect(log.map(({ revision }) => revision)).toEqual(log.map((_, index) => String(index + 1)));
    expect(await headRevision(server)).toBe(String(log.length));
  });
});
