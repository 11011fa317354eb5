import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { get, headRevision, set, setMany, wholeLog } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

describe("examples/versions", () => {
  let server: TestServer;
  let programs: Program[];

  beforeEach(async () => {
    server = await startTestServer();
    programs = [];
  });
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await server.close();
  });

  function start(
    name: "migrator" | "reader",
    args: string[] = [],
    through: { url: string; token: string } = server,
  ): Program {
    const program = new Program(`versions/${name}.ts`, args, through);
    programs.push(program);
    return program;
  }

  const write = (key: string, value: unknown, format?: string, more: object = {}) =>
    set(server, {
      namespace: "contacts",
      key,
      value,
      ...(format === undefined ? {} : { metadata: { format } }),
      ...more,
    });

  test("one command shows all of it", async () => {
    await using run = new Program("versions/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.complaints).toEqual([
      "contact:future is in format contact/3, which run wrote; this program knows contact/1 and contact/2.",
    ]);
    for (const line of [
      "run          | killed the migrator",
      "run          | all 40 contacts are in contact/2, each with both of its calls",
      "run          | the reader reported the contact that it could not read, and read the rest",
    ]) {
      expect(run.lines).toContain(line);
    }
  });

  test("G7: a write between a migrator's read and its write is not lost, also if the migrator is killed there", async () => {
    await write("contact:ada", { name: "Ada Lovelace", calls: 1 }, "contact/1", {
      ttlSeconds: 3_600,
    });
    await write("contact:bob", { name: "Bob", calls: 2 }); // From before formats had names.
    const { expiresAt } = (await get(server, "contact:ada", "contacts")) ?? {};
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    let held = proxy.hold("contact/2");
    const first = start("migrator", ["contacts"], proxy);
    await held;
    await first.kill();
    expect(await get(server, "contact:ada", "contacts")).toMatchObject({
      value: { name: "Ada Lovelace", calls: 1 },
      metadata: { format: "contact/1" },
    });

    held = proxy.hold("contact/2");
    const second = start("migrator", ["contacts"], proxy);
    const release = await held;
    await write("contact:ada", { name: "Ada King", calls: 7 }, "contact/1", { ttlSeconds: 3_600 });
    release();
    await second.said("caught up");
    const ada = await get(server, "contact:ada", "contacts");
    expect(ada).toMatchObject({
      value: { givenName: "Ada", familyName: "King", calls: { 2025: 7 } },
      metadata: { format: "contact/2" },
      updatedBy: "migrator",
    });
    const laterMs = Date.parse(ada?.expiresAt) - Date.parse(expiresAt);
    expect(laterMs).toBeGreaterThan(-1_000);
    expect(laterMs).toBeLessThan(20_000);
    expect(await get(server, "contact:bob", "contacts")).toMatchObject({
      value: { givenName: "Bob", familyName: "", calls: { 2025: 2 } },
      metadata: { format: "contact/2" },
      expiresAt: null,
    });

    // Later writes of an old program are upgraded when they arrive.
    await write("contact:ada", { name: "Ada Byron", calls: 8 }, "contact/1");
    await second.said("upgraded contact:ada", 2);
    const reader = start("reader", ["contacts"]);
    expect(await reader.exit).toBe(0);
    expect(reader.lines).toEqual(["2 contacts in contact/2", "10 calls in all"]);
  });

  test("two migrators at the same time upgrade each contact once, and leave newer formats unchanged", async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `contact:${index}`);
    await setMany(
      server,
      "contacts",
      keys.map((key) => ({ key, value: { name: `Given ${key}`, calls: 1 } })),
    );
    await write("contact:future", { names: ["Ada"] }, "contact/3");
    const before = Number(await headRevision(server));

    const migrators = [start("migrator", ["contacts"]), start("migrator", ["contacts"])];
    await Promise.all(migrators.map((migrator) => migrator.said("caught up")));
    const written = (await wholeLog(server)).filter(({ revision }) => Number(revision) > before);
    expect(written.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    const upgraded = migrators.flatMap(({ lines }) =>
      lines.filter((line) => line.startsWith("upgraded")),
    );
    expect(upgraded).toHaveLength(keys.length);
    const complaint =
      "contact:future is in format contact/3, which another agent wrote; this program knows contact/1 and contact/2.";
    for (const { complaints } of migrators) {
      expect(complaints).toEqual([`left unchanged: ${complaint}`]);
    }
    expect(await get(server, "contact:future", "contacts")).toMatchObject({
      value: { names: ["Ada"] },
      metadata: { format: "contact/3" },
    });

    const reader = start("reader", ["contacts"]);
    expect(await reader.exit).toBe(1);
    expect(reader.complaints).toEqual([complaint]);
    expect(reader.lines).toEqual(["40 contacts in contact/2", "40 calls in all"]);
  });
});
