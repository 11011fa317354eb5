import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { query } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";
import { Proxy } from "./proxy.ts";

describe("examples/handoff", () => {
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

  function start(name: string, args: string[] = [], url = server.url): Program {
    const { token } = server;
    const program = new Program(`handoff/${name}.ts`, args, { url, token });
    programs.push(program);
    return program;
  }

  /** Starts a producer, and resolves when it has handed over that number of reports. */
  async function handOver(count: number): Promise<Program> {
    const producer = start("producer", [String(count)]);
    await producer.said("waiting");
    return producer;
  }

  /** Every report was answered once, by the consumer, in the order in which they were handed over. */
  async function expectAnswers(count: number): Promise<void> {
    const { entries } = await query(
      server,
      `{ entries(namespace: "handoff:consumer", keyPrefix: "answer/") {
        nodes { key value updatedBy createdRevision revision }
      } }`,
    );
    const names = Array.from({ length: count }, (_, index) => String(index + 1).padStart(6, "0"));
    expect(entries.nodes).toEqual(
      names.map((name, index) => ({
        key: `answer/report-${name}`,
        value: { words: expect.any(Number) },
        updatedBy: "consumer",
        createdRevision: entries.nodes[index]?.revision,
        revision: expect.any(String),
      })),
    );
    const revisions = entries.nodes.map((node: { revision: string }) => Number(node.revision));
    expect(revisions).toEqual(revisions.toSorted((a: number, b: number) => a - b));
  }

  test("one command shows all of it", async () => {
    await using run = new Program("handoff/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.lines).toContain("run          | killed the consumer");
    expect(run.lines.at(-1)).toBe("run          | every report was answered");
    await expectAnswers(5);
  });

  test("G3: a consumer killed in the middle resumes after its last revision and misses nothing", async () => {
    const before = await handOver(1);
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    // The third report was read, and its answer was sent: the kill is in the middle of a handoff.
    const held = proxy.hold('"answer/report-000003"');
    const first = start("consumer", [], proxy.url);
    expect(await before.exit).toBe(0);
    const meanwhile = start("producer", ["4"]);
    await held;
    await first.kill();
    expect(first.lines.filter((line) => line.startsWith("answered"))).toHaveLength(2);
    await meanwhile.said("waiting");
    const second = start("consumer");
    await second.said("resumes after revision");
    expect(await meanwhile.exit).toBe(0);
    expect(await start("producer", ["1"]).exit).toBe(0);
    await expectAnswers(6);
    expect(second.complaints).toEqual([]);
  });

  test("G6: a consumer that is killed after each answer finishes, and answers no report twice", async () => {
    const producer = await handOver(3);
    let allAnswered = false;
    const producerEnds = producer.exit.then(() => {
      allAnswered = true;
    });
    while (!allAnswered) {
      const consumer = start("consumer");
      await Promise.race([consumer.said("answered"), producerEnds]);
      await consumer.kill();
    }
    expect(await producer.exit).toBe(0);
    await expectAnswers(3);
  });

  test("G3: when the log no longer reaches back, it starts again with a snapshot", async () => {
    const [producer, first] = [await handOver(2), start("consumer")];
    expect(await producer.exit).toBe(0);
    await first.said("answered", 2);
    // It begins with a snapshot, and has a position when that is complete.
    await query(server, `{ awaitEntry(namespace: "handoff:consumer", key: "position") { value } }`);
    await first.kill();

    // Later handoffs, which the log no longer contains when the consumer starts again.
    for (const name of ["report-000003", "report-000004"]) await handOverByHand(name);
    await compactLog();
    const second = start("consumer");
    await second.said("the log no longer reaches back");
    await second.said("answered", 2);
    await expectAnswers(4);
  });

  test("G3: a consumer resumes automatically after a broken connection and a restart of the server", async () => {
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    const consumer = start("consumer", [], proxy.url);
    expect(await start("producer", ["1"]).exit).toBe(0);

    await proxy.cut();
    await consumer.complained(`Baton at ${proxy.url}`);
    const meanwhile = await handOver(2);
    await proxy.open();
    expect(await meanwhile.exit).toBe(0);

    const complaints = consumer.complaints.length;
    await server.restart();
    await consumer.complained(`Baton at ${proxy.url}`, complaints + 1);
    expect(await start("producer", ["1"]).exit).toBe(0);
    await expectAnswers(4);
  });

  test("reports a missing server in one line", async () => {
    const run = start("run", [], "http://127.0.0.1:1");
    expect(await run.exit).toBe(2);
    expect(run.complaints).toEqual([
      expect.stringContaining("Baton at http://127.0.0.1:1 cannot be reached"),
    ]);
  });

  async function handOverByHand(name: string): Promise<void> {
    await query(
      server,
      `mutation ($name: String!, $report: JSON, $handoff: JSON) {
        report: setEntry(input: { namespace: "handoff:producer", key: $name, value: $report }) { revision }
        handoff: setEntry(input: { namespace: "handoff", key: $name, value: $handoff }) { revision }
      }`,
      { name, report: { text: "By hand." }, handoff: { report: name } },
    );
  }

  /** Compacts the log, as the server does for changes beyond its retention. */
  async function compactLog(): Promise<void> {
    await server.withDatabase((database) => database.compact({ maxAgeMs: -1, maxChanges: 0 }));
    const { changes } = await query(server, `{ changes { nodes { revision } } }`);
    expect(changes.nodes).toEqual([]);
  }
});
