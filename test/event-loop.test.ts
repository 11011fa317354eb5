import { performance } from "node:perf_hooks";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import pino from "pino";
import { describe, expect, test, vi } from "vitest";
import { FairQueue } from "../src/database/fair-queue.ts";
import { badUserInput } from "../src/errors.ts";
import { isLoopHeld, nextTurn } from "../src/event-loop.ts";
import { atOnce } from "../src/in-steps.ts";
import { mergeLongPatch } from "../src/json/merge-patch-text.ts";
import type { Steps } from "../src/json/long-value-parts.ts";
import { readMcpMessage } from "../src/mcp/mcp-message.ts";
import { fold } from "../src/store/search/composed-text.ts";
import { digestOf, digestSteps } from "../src/store/commit/idempotency.ts";
import { schema } from "../src/schema/schema.ts";
import { findMatch, searchText } from "../src/store/search/search-text.ts";
import { SharedMemory } from "../src/store/shared-memory.ts";
import { InOrder } from "../src/transport/in-order.ts";
import { Operations } from "../src/transport/operations.ts";
import { publicErrors } from "../src/transport/public-error.ts";

describe("G14: the requests of one user do not delay another", () => {
  test("a thousand pieces of one user's work delay another user's by one piece", async () => {
    const order: string[] = [];
    const done = ["many", "few"].flatMap((user) =>
      Array.from({ length: user === "many" ? 1_000 : 3 }, () =>
        nextTurn(user).then(() => order.push(user)),
      ),
    );
    await Promise.all(done);
    expect(order.slice(0, 6)).toEqual(["many", "few", "many", "few", "many", "few"]);
    expect(order.length).toBe(1_003);
  });

  test("work that takes turns does not block the event loop", async () => {
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const work = async () => {
      for (let piece = 0; piece < 20; piece++) {
        if (isLoopHeld()) await nextTurn("busy");
        for (const begin = performance.now(); performance.now() - begin < 3;);
      }
    };
    await Promise.all([work(), work(), work()]);
    isDone = true;
    // Sixty pieces of 3 ms: no turn has more than two, and the one that continued.
    expect(turns).toBeGreaterThan(15);
  });

  test("a waiting task is not resumed in a turn that has worked for long on what it has read", async () => {
    const turnOf = () => performance.nodeTiming.uvMetricsInfo.loopCount;
    const work = (ms: number) => {
      isLoopHeld();
      for (const begin = performance.now(); performance.now() - begin < ms;);
    };
    let busyTurn = 0;
    const { port1, port2 } = new MessageChannel();
    port2.on("message", () => {
      busyTurn = turnOf();
      work(15);
    });
    // The message is read at the beginning of the next turn, in which the task would be resumed.
    setImmediate(() => port1.postMessage(null));
    await nextTurn("waiting");
    expect(busyTurn).toBeGreaterThan(0);
    expect(turnOf()).toBe(busyTurn + 1);
    port1.close();
  });

  test("a value of 1 MiB is patched, searched and read in many steps", () => {
    const members = Array.from({ length: 60_000 }, (_, at) => `"member-${at}":${at}`);
    const value = `{${members.join(",")}}`;
    const works: readonly Steps<unknown>[] = [
      mergeLongPatch(value, '{"member-7":8}'),
      mergeLongPatch(null, value),
      searchText({ key: "k", value }),
      findMatch({ key: "k", value }, "nowhere"),
      readMcpMessage(
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":${value}}}`,
      ),
    ];
    for (const work of works) {
      let steps = 1;
      while (!work.next().done) steps++;
      expect(steps).toBeGreaterThan(10);
    }
  });

  test("G12: the digest of a large call is computed in many steps, and is the same", () => {
    const entry = { key: "k", value: '"é"', metadata: null, ifRevision: 7n, ttlSeconds: undefined };
    const calls = [
      [
        "setEntries",
        null,
        ["a:*"],
        { namespace: "a", entries: Array.from({ length: 1_000 }, () => entry) },
      ],
      ["transact", "agent", [], { conditions: [], operations: [{ set: entry }], other: undefined }],
      ["clear", undefined, [], {}],
    ];
    for (const call of calls) expect(atOnce(digestSteps(call))).toBe(digestOf(call));
    const steps = digestSteps(calls[0]);
    let count = 0;
    while (!steps.next().done) count++;
    expect(count).toBeGreaterThan(1_000);
  });

  test("a long document is validated in steps, and none of its socket's later operations overtakes it", async () => {
    const policy = { allowsIntrospection: true, trustedDocuments: null };
    const operations = new Operations(schema, { maxQueryBytes: 65_536 }, policy);
    const prepare = (fields: number, field = "viewer") => {
      const aliases = Array.from({ length: fields }, (_, at) => `a${at}: ${field} { user }`);
      return operations.prepare(`{ ${aliases.join(" ")} }`, null, "alice");
    };
    const documents = new InOrder();
    const order: string[] = [];
    const run = async (name: string, fields: number, field?: string) => {
      try {
        await documents.run(() => prepare(fields, field));
        order.push(name);
      } catch {
        order.push(`${name}, refused`);
      }
    };
    const prepared = [run("long", 200), run("long", 200, "nothing"), run("short", 1)];
    await Promise.all(prepared);
    expect(order).toEqual(["long", "long, refused", "short"]);
    expect(documents.run(() => prepare(1))).not.toBeInstanceOf(Promise);
  });

  test("the errors of an operation are shown in one step each, and have no stack", () => {
    const errors = Array.from({ length: 2_000 }, () => badUserInput("first", "Must be positive."));
    expect(errors[0]?.stack).not.toContain("\n");
    const steps = publicErrors(errors, pino({ enabled: false }), { requestId: "r" });
    let count = 0;
    while (!steps.next().done) count++;
    expect(count).toBe(2_000);
  });

  test("a text of any length is composed in short pieces, with few combining marks each", () => {
    const normalize = vi.spyOn(String.prototype, "normalize");
    try {
      for (const text of ["\u0315\u0300", "\u01f0\u0323", "\u1100\u1161\u11a8", "é ", "\u1161"]) {
        const value = JSON.stringify(`a${text.repeat(100_000)}`);
        let steps = 0;
        for (const work = searchText({ key: "k", value }); !work.next().done;) steps++;
        expect(steps).toBeGreaterThan(3);
      }
      const composed = normalize.mock.contexts.map(String);
      expect(composed.length).toBeGreaterThan(10);
      expect(composed.find((piece) => piece.length > 10_000)).toBeUndefined();
      expect(composed.find((piece) => /\p{M}{100}/u.test(piece))).toBeUndefined();
    } finally {
      normalize.mockRestore();
    }
  });

  test("a long text is composed like its parts, wherever a step ends", () => {
    const parts = [
      "a",
      "\u0301",
      "\u0315\u0300",
      "\u1100",
      "\u1161",
      "\u11a8",
      "\u{16d67}",
      "\u{1d165}",
    ];
    const part = fc.oneof(
      fc.constantFrom(...parts, "\ud83d", "\u{1f600}", "\u0000", '"', "\\", "\u01f0"),
      fc.tuple(fc.constantFrom(...parts), fc.nat(6_000)).map(([one, count]) => one.repeat(count)),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 5, maxLength: 30 }), (some) => {
        const text = some.join("");
        const whole = fold(text);
        // A searched text is cut.
        fc.pre(whole.length < 60_000);
        const work = searchText({ key: "k", value: JSON.stringify(text) });
        let last = work.next();
        while (!last.done) last = work.next();
        expect(last.value).toBe(text === "" ? "k" : `k\u0001${whole}`);
        // Without long runs of marks, the pieces make no difference.
        if (!/\p{M}{31}/u.test(text) && !/[\0\u01f0]/.test(text)) {
          expect(whole).toBe(text.toWellFormed().normalize("NFC").toLowerCase());
        }
      }),
      { numRuns: 60, examples: [[["a".repeat(3_001), "\u{16d67}".repeat(9_000), "", "a", "a"]]] },
    );
  });

  test("a thousand reads of one user delay another user's only by those that are running", async () => {
    const queue = new FairQueue(4, 60_000);
    const order: string[] = [];
    const read = (user: string) => () =>
      new Promise<void>((resolve) => {
        order.push(user);
        setImmediate(resolve);
      });
    const many = Array.from({ length: 1_000 }, () => queue.run("many", read("many")));
    const few = Array.from({ length: 2 }, () => queue.run("few", read("few")));
    await Promise.all([...many, ...few]);
    expect(order.indexOf("few")).toBeLessThan(8);
    expect(order.lastIndexOf("few")).toBeLessThan(12);
  });

  test("reads of one user that do not end leave two places for others", async () => {
    const queue = new FairQueue(4, 60_000);
    const ends: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => ends.push(resolve));
    const many = Array.from({ length: 5 }, () => queue.run("many", slow));
    expect(ends.length).toBe(2);
    expect(await queue.run("few", async () => "done")).toBe("done");
    expect(ends.length).toBe(2);
    // A place that becomes free is the user's own.
    while (ends.length > 0) {
      ends.shift()?.();
      await nextTurn("many");
    }
    await Promise.all(many);
  });

  test("a read that fails passes its place to the next", async () => {
    const queue = new FairQueue(1, 60_000);
    const failed = queue.run("a", () => Promise.reject(new Error("It fails.")));
    const next = queue.run("b", async () => "done");
    await expect(failed).rejects.toThrow("It fails.");
    expect(await next).toBe("done");
  });
});

test("a read whose turn does not come in time is refused, and not started", async () => {
  const queue = new FairQueue(1, 20);
  let end = () => {};
  const hanging = queue.run("a", () => new Promise<void>((resolve) => (end = resolve)));
  let begun = 0;
  const count = async () => ++begun;
  for (const user of ["a", "b"]) {
    await expect(queue.run(user, count)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  }
  const next = queue.run("b", count);
  end();
  await hanging;
  expect([await next, begun]).toEqual([1, 1]);
  expect(await queue.run("a", count)).toBe(2);
});

describe("G9 G14: memory that users share", () => {
  test("a user can hold half, and the rest is for others", () => {
    const memory = new SharedMemory(1_000);
    memory.add("a", 500);
    expect(memory.hasRoom("a", 1)).toBe(false);
    expect(memory.hasRoom("b", 400)).toBe(true);
    memory.add("a", 1);
    expect(() => memory.requireRoom("a")).toThrow("as much memory as one user can have");
    expect(() => memory.requireRoom("b")).not.toThrow();
  });

  test("users together leave room for another, and a refusal says whose requests hold the memory", async () => {
    const memory = new SharedMemory(1_024, 20);
    for (const [user, bytes] of [
      ["a", 512],
      ["b", 256],
      ["c", 128],
    ] as const) {
      expect(memory.hasRoom(user, bytes)).toBe(true);
      memory.add(user, bytes);
      expect(memory.hasRoom(user, 1)).toBe(false);
    }
    memory.add("d", 32);
    expect(memory.hasRoom("d", 32)).toBe(true);
    const extensions = { code: "RATE_LIMITED", retryAfterMs: 5_000 };
    const own = /^Your open requests .* as much memory as one user can have/;
    await expect(memory.reserve("a", 1)).rejects.toMatchObject({
      message: expect.stringMatching(own),
      extensions,
    });
    await expect(memory.reserve("d", 33)).rejects.toMatchObject({
      message: expect.stringContaining("of all users"),
      extensions,
    });
  });

  test("a request that grows is accepted alone, as one that is large from the start", () => {
    const memory = new SharedMemory(1_000);
    memory.add("a", 600);
    expect(memory.hasRoom("a", 1_000, 600)).toBe(true);
    expect(memory.hasRoom("a", 1, 500)).toBe(false);
  });

  test("a caller that waits for space continues when some is freed", async () => {
    const memory = new SharedMemory(1_000);
    await memory.reserve("a", 400);
    let isThere = false;
    const second = memory.reserve("a", 400).then(() => (isThere = true));
    await memory.reserve("b", 300);
    expect(isThere).toBe(false);
    memory.remove("a", 400);
    await second;
    expect(memory.bytes).toBe(700);
  });

  test("a request larger than a share is accepted, alone", () => {
    const memory = new SharedMemory(1_000);
    expect(memory.hasRoom("a", 5_000)).toBe(true);
    memory.add("a", 5_000);
    expect(memory.hasRoom("a", 1)).toBe(false);
    expect(memory.hasRoom("b", 1)).toBe(false);
  });

  test("all memory is returned, in any order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(100))),
        fc.infiniteStream(fc.nat()),
        (taken, choices) => {
          const memory = new SharedMemory(1_000_000);
          for (const [user, bytes] of taken) memory.add(user, bytes);
          const left = [...taken];
          for (const choice of choices) {
            const [gone] = left.splice(choice % (left.length || 1), 1);
            if (!gone) break;
            memory.remove(...gone);
          }
          expect(memory.bytes).toBe(0);
        },
      ),
    );
  });
});
