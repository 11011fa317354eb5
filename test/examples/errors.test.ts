import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { get, set, wholeLog } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

describe("examples/errors", () => {
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
    name: "worker" | "summary" | "supervisor",
    args: string[] = [],
    through: { url: string; token: string } = server,
  ): Program {
    const program = new Program(`errors/${name}.ts`, args, through);
    programs.push(program);
    return program;
  }

  const addTask = (job: string, name: string, breaks?: string) =>
    set(server, {
      namespace: `work:${job}`,
      key: `task:${name}`,
      value: { csv: "head\n1\n2\n", ...(breaks === undefined ? {} : { breaks }) },
    });

  test("one command shows all of it", async () => {
    await using run = new Program("errors/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.complaints).toEqual([]);
    const expected = [
      /^summary +\| 4 rows in all$/,
      /^supervisor +\| errors:run-\d+:attempts task:busy failed for worker-\d at attempt 1: the source is busy$/,
      /^supervisor +\| errors:run-\d+:dead-letters task:headless is given up: the table has no header$/,
      /^run +\| worker-\d died, and is started again$/,
      /^supervisor +\| errors:run-\d+:dead-letters task:deadly is given up: none of 2 attempts finished$/,
      /^summary +\| no summary, because a task failed$/,
    ];
    for (const line of expected) expect(run.lines).toContainEqual(expect.stringMatching(line));
  });

  test("G11: a task is given up once: its completion, its dead letter and its outcome are one write", async () => {
    const summary = start("summary", ["one", "good", "bad"]);
    await addTask("one", "bad", "every attempt");
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const held = proxy.hold("dead-letters");
    const first = start("worker", ["one", "first"], proxy);
    await held;
    await first.kill();
    // It died during its last write: nothing of it was written, and the task can be claimed again.
    expect(first.lines.at(-1)).toBe("task:bad failed: the table has no header");
    expect(await get(server, "task:bad", "results:one")).toBeNull();
    expect(await get(server, "task:bad", "errors:one:dead-letters")).toBeNull();
    expect(await get(server, "task:bad/1", "errors:one:attempts")).toMatchObject({
      value: { task: "task:bad", agent: "first", attempt: 1, message: "the table has no header" },
      updatedBy: "first",
    });
    expect(await get(server, "task:bad/2", "errors:one:attempts")).toBeNull();

    const second = start("worker", ["one", "second"]);
    await second.said("task:bad is given up");
    await addTask("one", "good");
    expect(await summary.exit, summary.complaints.join("\n")).toBe(0);
    expect(summary.lines).toEqual([
      "task:good has 2 rows",
      "task:bad failed for second at attempt 3: none of 2 attempts finished",
      "no summary, because a task failed",
    ]);

    const error = { task: "task:bad", agent: "second", attempt: 3, at: expect.any(String) };
    const failed = { ...error, message: "none of 2 attempts finished" };
    const written = (await wholeLog(server)).filter(
      ({ agent, key }) => agent === "second" && key.startsWith("task:bad"),
    );
    expect(written).toMatchObject([
      { namespace: "work:one", key: "task:bad" },
      { namespace: "errors:one:attempts", key: "task:bad/3", entry: { value: failed } },
      {
        namespace: "errors:one:dead-letters",
        key: "task:bad",
        entry: { value: { error: failed } },
      },
      { namespace: "results:one", key: "task:bad", entry: { value: { ok: false, error: failed } } },
    ]);
    const [at = 0, ...others] = written.map(({ revision }) => Number(revision));
    expect(others).toEqual([at + 1, at + 2, at + 3]);
    // A task that was given up is not claimed again.
    expect(second.lines.filter((line) => line.startsWith("task:bad, attempt"))).toHaveLength(1);
    expect(await get(server, "summary", "results:one")).toMatchObject({
      value: { ok: false, error: failed },
      updatedBy: "summary",
    });
  });

  test("G3: a supervisor receives the errors of every job or of one job, including earlier errors", async () => {
    const all = start("supervisor");
    await all.said("watching errors:*");
    await addTask("one", "flaky", "first attempt");
    await addTask("two", "flaky", "first attempt");
    const workers = [start("worker", ["one", "a"]), start("worker", ["two", "b"])];
    await Promise.all(workers.map((worker) => worker.said("task:flaky has 2 rows")));
    const lines = {
      one: "errors:one:attempts task:flaky failed for a at attempt 1: the source is busy",
      two: "errors:two:attempts task:flaky failed for b at attempt 1: the source is busy",
    };
    await Promise.all([all.said(lines.one), all.said(lines.two)]);

    const late = start("supervisor", ["two"]);
    await late.said("watching errors:two:*");
    expect(late.lines).toEqual([lines.two, "watching errors:two:*"]);
  });
});
