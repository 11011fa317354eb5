import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databaseFile, defaultConfig } from "../../src/config.ts";
import { openSqlite } from "../../src/database/sqlite.ts";
import { query } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { Program } from "./program.ts";

describe("examples/handoff", { timeout: 30_000 }, () => {
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
    const program = new Program({ url, token: server.token }, `handoff/${name}.mjs`, args);
    programs.push(program);
    return program;
  }

  /** Starts a producer, and resolves when it has handed over so many reports. */
  async function handOver(count: number, url = server.url): Promise<Program> {
    const producer = start("producer", [String(count)], url);
    await producer.said("waiting");
    return producer;
  }

  /** Starts a consumer and kills it as it says this. */
  async function killAtFirst(line: string): Promise<Program> {
    const consumer = start("consumer");
    await consumer.said(line);
    await consumer.kill();
    return consumer;
  }

  /** Every report was answered once, by the consumer, in the order in which they were handed over. */
  async function expectAnswers(count: number): Promise<void> {
    const { changes } = await query(
      server,
      `{ changes(namespace: "handoff:consumer", keyPrefix: "answer/", first: 500) {
        nodes { kind key agent entry { value } }
      } }`,
    );
    expect(changes.nodes).toEqual(
      Array.from({ length: count }, (_, index) => ({
        kind: "SET",
        key: `answer/report-${String(index + 1).padStart(6, "0")}`,
        agent: "consumer",
        entry: { value: { words: expect.any(Number) } },
      })),
    );
  }

  test("one command shows all of it, and can be run again on the same store", async () => {
    for (const answered of [5, 10]) {
      const run = start("run");
      expect(await run.exit, run.complaints.join("\n")).toBe(0);
      expect(run.lines).toContain("run      | killed the consumer");
      expect(run.lines.at(-1)).toBe("run      | every report was answered");
      await expectAnswers(answered);
    }
  });

  test("G3: a consumer killed in the middle answers what came before, meanwhile and after, each once", async () => {
    const early = await handOver(3);
    // In the middle of a handoff, whichever: it says so before it reads, answers and saves.
    await killAtFirst("woke");
    const meanwhile = await handOver(3);
    const consumer = start("consumer");
    expect(await early.exit).toBe(0);
    expect(await meanwhile.exit).toBe(0);
    const late = await handOver(2);
    expect(await late.exit).toBe(0);
    await expectAnswers(8);
    expect(consumer.complaints).toEqual([]);
  });

  test("G3: a consumer that is killed at every handoff still comes to the end", async () => {
    const producer = await handOver(4);
    const told = async () => {
      const { entry } = await query(
        server,
        `{ entry(namespace: "handoff", key: "report-000004") { revision } }`,
      );
      return entry.revision as string;
    };
    const last = await told();
    let kills = 0;
    for (let position = ""; position !== last; kills++) {
      const consumer = start("consumer");
      // Killed as soon as its position is another: after it has saved, before it knows.
      await consumer.said(position === "" ? "begins" : "goes on");
      position = await positionOtherThan(position);
      await consumer.kill();
    }
    expect(kills).toBeGreaterThan(0);
    expect(await producer.exit).toBe(0);
    await expectAnswers(4);
  });

  /** Waits on the store itself for the consumer to have come further. */
  async function positionOtherThan(position: string): Promise<string> {
    for (;;) {
      const { entry } = await query(
        server,
        `{ entry(namespace: "handoff:consumer", key: "position") { value } }`,
      );
      if (entry && entry.value !== position) return entry.value;
    }
  }
});
