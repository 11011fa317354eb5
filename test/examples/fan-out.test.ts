import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { merge, countWords, split } from "../../examples/fan-out/words.ts";
import { query } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

const namespace = "fan-out:tried";
const pages = ["docs/coordination.md", "docs/guarantees.md", "docs/running.md"];

interface Change {
  key: string;
  agent: string;
  entry: { value: any; metadata: any };
}

describe("examples/fan-out", () => {
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

  const start = (name: string, ...args: string[]) => startAt(server, name, ...args);

  function startAt(at: { url: string; token: string }, name: string, ...args: string[]): Program {
    const program = new Program(`fan-out/${name}.ts`, args, at);
    programs.push(program);
    return program;
  }

  const splitPages = () => start("splitter", namespace, ...pages).exit;

  const startWorker = (name: string) => start("worker", name, namespace, "5");

  async function changesOf(name: string): Promise<Change[]> {
    const { changes } = await query(
      server,
      `query ($name: String!) { changes(namespace: $name, first: 500) {
        nodes { key agent entry { value metadata } } pageInfo { hasNextPage }
      } }`,
      { name },
    );
    expect(changes.pageInfo.hasNextPage).toBe(false);
    return changes.nodes;
  }

  /** The expected result, computed by a single process. */
  async function countDirectly() {
    const texts = await Promise.all(pages.map((page) => readFile(page, "utf8")));
    return {
      taskCount: texts.flatMap((text) => split(text)).length,
      words: merge(texts.map(countWords)),
    };
  }

  /** Every task was completed and counted once, and the result is that of a single process. */
  async function expectExactness(): Promise<Change[]> {
    const { taskCount, words } = await countDirectly();
    const changes = await changesOf(`${namespace}:tasks`);
    const completions = changes.filter(({ agent }) => agent !== "splitter");
    const keys = Array.from(
      { length: taskCount },
      (_, index) => `task:${String(index + 1).padStart(4, "0")}`,
    );
    expect(completions.map(({ key }) => key).toSorted()).toEqual(keys);
    expect(changes).toHaveLength(2 * taskCount);

    const ofJob = await changesOf(namespace);
    const counts = ofJob.filter(({ key }) => key === "progress");
    expect(counts.map(({ entry }) => entry.value)).toEqual(
      Array.from({ length: taskCount + 1 }, (_, completed) => ({
        total: taskCount,
        completed,
        failed: 0,
      })),
    );
    const results = ofJob.filter(({ key }) => key === "result");
    expect(results.map(({ entry }) => entry.value)).toEqual([words]);
    return completions;
  }

  test("one command shows all of it", async () => {
    await using run = new Program("fan-out/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.lines.at(-1)).toMatch(/^run +\| each of \d+ tasks was done once$/);
  });

  test("G6, G11: if two of eight workers are killed with a task, each task is done and counted once", async () => {
    const collector = start("collector", namespace);
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const completing = proxy.hold("completeClaim");
    const victims = [
      start("worker", "at-work", namespace, "600000"),
      startAt(proxy, "worker", "at-the-end", namespace, "5"),
    ];
    // Two splitters at the same time: one makes all of the tasks, and the other none.
    expect(await Promise.all([splitPages(), splitPages()])).toEqual([0, 0]);
    expect(programs.flatMap(({ lines }) => lines)).toContain(`${namespace} was split before`);
    // One is working, and the other has sent its result.
    await Promise.all([...victims.map((victim) => victim.said("took")), completing]);
    const workers = ["1", "2", "3", "4", "5", "6"].map((name) => startWorker(`worker-${name}`));
    await Promise.any(workers.map((worker) => worker.said("took")));
    await Promise.all(victims.map((victim) => victim.kill()));

    expect(await Promise.all(workers.map((worker) => worker.exit))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await collector.exit).toBe(0);
    const completions = await expectExactness();
    const takenOver = completions.filter(({ entry }) => entry.metadata.attempt > 1);
    expect(takenOver.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["task:0001", "task:0002"]),
    );
    expect(victims.flatMap(({ lines }) => lines).toSorted()).toEqual([
      "took task:0001, attempt 1",
      "took task:0002, attempt 1",
    ]);
  });

  test("G11: a task that no worker survives is given up, and the others are merged", async () => {
    expect(await splitPages()).toBe(0);
    for (let attempt = 1; attempt <= 3; attempt++) await takeAndGiveBack();
    const worker = startWorker("worker-1");
    const collector = start("collector", namespace);
    expect(await Promise.all([worker.exit, collector.exit])).toEqual([0, 0]);
    expect(worker.lines).toContain("gave up task:0001");
    expect(collector.lines).toContain("task:0001 is missing: 3 workers did not finish it");
    const { taskCount } = await countDirectly();
    const changes = await changesOf(namespace);
    const progress = changes.filter(({ key }) => key === "progress").at(-1);
    expect(progress?.entry.value).toEqual({ total: taskCount, completed: taskCount, failed: 1 });
  });

  /** Acts as a worker that dies with the first task, without waiting until its lease ends. */
  async function takeAndGiveBack(): Promise<void> {
    const { claimEntry } = await query(
      server,
      `mutation ($tasks: String!) { claimEntry(input: { namespace: $tasks }) { entry { key } claim { token } } }`,
      { tasks: `${namespace}:tasks` },
    );
    const { entry, claim } = claimEntry;
    expect(entry.key).toBe("task:0001");
    await query(
      server,
      `mutation ($input: ReleaseClaimInput!) { releaseClaim(input: $input) { revision } }`,
      { input: { namespace: `${namespace}:tasks`, key: entry.key, token: claim.token } },
    );
  }
});
