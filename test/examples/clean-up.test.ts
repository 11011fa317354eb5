import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { query } from "../client.ts";
import { get, set, setMany, wholeLog } from "../operations.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

describe("examples/clean-up", () => {
  let own: OwnDatabase;
  let server: TestServer;
  let programs: Program[];

  beforeEach(async () => {
    own = await createSqlite();
    server = await startTestServer({}, own);
    programs = [];
  });
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await server.close();
  });

  function start(
    name: "worker" | "janitor",
    args: string[] = [],
    through: { url: string; token: string } = server,
  ): Program {
    const program = new Program(`clean-up/${name}.ts`, args, through);
    programs.push(program);
    return program;
  }
  const janitor = (through?: { url: string; token: string }) =>
    start("janitor", ["--done-for", "0"], through);

  const addJob = (id: string, state: "done" | "running" = "done") =>
    setMany(server, `job:${id}`, [
      { key: "meta", value: { state, worker: "test" } },
      { key: "chunk:1", value: { words: 100 } },
    ]);
  const addResult = (id: string) =>
    set(server, { namespace: "results", key: id, value: { words: 100, chunks: 1 } });

  async function namespaces(): Promise<string[]> {
    const data = await query(server, "{ namespaces { nodes { name } } }");
    return data.namespaces.nodes.map(({ name }: { name: string }) => name);
  }

  /** Makes all stored entries look as if they were written that long ago. */
  const age = async (seconds: number) => {
    for (const table of ["Entry", "Namespace"]) {
      await own.execute(`UPDATE "${table}" SET "updatedAt" = "updatedAt" - ${1_000 * seconds}`);
    }
  };

  test("one command shows all of it", async () => {
    await using run = new Program("clean-up/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.complaints).toEqual([]);
    expect(run.lines).toContainEqual(
      expect.stringMatching(/^run +\| killed a janitor; \d+ jobs are left/),
    );
    expect(run.lines).toContain(
      "run          | only done-07 is left, which is in progress; all results are kept",
    );
  });

  test("G7: a job that is taken up again between a janitor's read and its write is not cleared", async () => {
    for (const id of ["a", "b"]) await addJob(id);
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const held = proxy.hold('"clear"');
    const late = janitor(proxy);
    const release = await held;
    const worker = start("worker", ["a", "2"]);
    expect(await worker.exit, worker.complaints.join("\n")).toBe(0);
    release();
    expect(await late.exit).toBe(0);
    expect(late.lines).toEqual([
      "left job:a: another agent changed it",
      "cleared job:b",
      "all is clean",
    ]);
    // It was taken up with its existing entries, which still exist.
    expect(worker.lines).toEqual([
      "takes up a with 1 chunks",
      "a: chunk:2",
      "a is done: 300 words",
    ]);
    expect(await get(server, "chunk:1", "job:a")).not.toBeNull();
    expect(await get(server, "a", "results")).toMatchObject({ value: { words: 300, chunks: 2 } });
  });

  test("G6: a janitor killed in the middle and two concurrent janitors clear and count each job once", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `done-${10 + index}`);
    for (const id of ids) await addJob(id);
    for (const id of ids) await addResult(id);
    await addJob("at-work", "running");

    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const held = proxy.hold('"clear":{"namespace":"job:done-12"}');
    const killed = janitor(proxy);
    await held;
    await killed.kill();
    expect(await namespaces()).toContain("job:done-12");
    expect(await namespaces()).not.toContain("job:done-11");

    const two = [janitor(), janitor()];
    expect(await Promise.all(two.map(({ exit }) => exit))).toEqual([0, 0]);
    expect(await namespaces()).toEqual(["clean-up", "job:at-work", "results"]);
    const cleared = (await wholeLog(server)).filter(({ kind }) => kind === "NAMESPACE_CLEARED");
    expect(cleared.map(({ namespace }) => namespace).toSorted()).toEqual(
      ids.map((id) => `job:${id}`),
    );
    expect((await get(server, "jobs", "clean-up"))?.value).toBe(ids.length);
    for (const id of ids) expect(await get(server, id, "results")).not.toBeNull();
  });

  test("clears jobs by the age of their completion, and deletes results by the age of their last write", async () => {
    await addJob("old");
    for (const id of ["old", "renewed"]) await addResult(id);
    await age(1_000);
    await addJob("new");
    await addResult("new");

    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const held = proxy.hold('"key":"renewed"');
    const program = start("janitor", ["--done-for", "500", "--results-older-than", "500"], proxy);
    const release = await held;
    await addResult("renewed");
    release();
    expect(await program.exit).toBe(0);
    expect(program.lines).toEqual(["cleared job:old", "deleted the result of old", "all is clean"]);
    expect(await namespaces()).toEqual(["clean-up", "job:new", "results"]);
    expect(await get(server, "old", "results")).toBeNull();
    for (const id of ["renewed", "new"]) expect(await get(server, id, "results")).not.toBeNull();
  });
});
