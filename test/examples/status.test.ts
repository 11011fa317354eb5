import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { get, wholeLog } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { Program } from "./program.ts";

describe("examples/status", () => {
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

  function start(name: "worker" | "monitor", ...args: string[]): Program {
    const program = new Program(`status/${name}.ts`, args, server);
    programs.push(program);
    return program;
  }

  test("one command shows all of it", async () => {
    await using run = new Program("status/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.lines).toContain("run          | killed the parser: it sends no more heartbeats");
    expect(run.lines).toContainEqual(
      expect.stringMatching(
        /^monitor +\| parser is silent: it was last seen in \w+, at \d+ of 20$/,
      ),
    );
    expect(run.lines.at(-1)).toBe(
      "run          | the dead agent's status expired; the others are done",
    );
  });

  test("G8: a killed agent's status expires, and a living agent's stays regardless of the duration of a step", async () => {
    const [dying, living] = [
      start("worker", "job", "dying", "999"),
      start("worker", "job", "living", "999"),
    ];
    const monitor = start("monitor", "job");
    await Promise.all([monitor.said("dying: "), monitor.said("living: ")]);
    const born = (await get(server, "living", "status:job"))?.createdRevision;

    await dying.kill();
    await monitor.said("dying is silent: it was last seen in fetch, at ");
    expect(await get(server, "dying", "status:job")).toBeNull();
    // More than the lifetime of a status has passed. The entry would have another createdRevision if it had expired.
    expect(await get(server, "living", "status:job")).toMatchObject({
      createdRevision: born,
      value: { phase: "fetch", steps: 999 },
      updatedBy: "living",
    });
    const gone = (await wholeLog(server)).filter(({ kind }) => kind !== "SET");
    expect(gone).toMatchObject([{ kind: "EXPIRED", key: "dying", agent: null, entry: null }]);

    // A later monitor sees the living agents, and agents that return.
    await monitor.kill();
    const next = start("monitor", "job", "1");
    await next.said("watching 1 agents");
    start("worker", "job", "dying", "1");
    await next.said("dying: done, 1 of 1");
    expect(await next.exit).toBe(0);
    expect(living.complaints).toEqual([]);
  });

  test("G8: the status of a completed agent stays, and the exit code of a monitor reports a death", async () => {
    const done = start("worker", "job", "quick", "1");
    expect(await done.exit).toBe(0);
    expect(await get(server, "quick", "status:job")).toMatchObject({
      value: { phase: "done", step: 1, steps: 1 },
    });
    const monitor = start("monitor", "job", "2");
    await monitor.said("watching 1 agents");
    const dying = start("worker", "job", "slow", "999");
    await monitor.said("slow: ");
    await dying.kill();
    expect(await monitor.exit).toBe(1);
    expect(monitor.lines).toEqual([
      "quick: done, 1 of 1",
      "watching 1 agents",
      "slow: fetch, 0 of 999",
      expect.stringMatching(/^slow is silent: it was last seen in fetch, at \d+ of 999$/),
    ]);
  });
});
