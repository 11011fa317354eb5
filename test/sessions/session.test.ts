import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LargeEntries } from "../../src/adapter/large-entries.ts";
import { storable } from "../../src/adapter/large-value.ts";
import { ConflictError } from "../../src/client/index.ts";
import { BatonSession } from "../../src/sessions/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "../sdk/sdk-store.ts";
import { hasAgentSdks, importSdk, withAgentSdks } from "./agent-sdks.ts";

let server: TestServer;
let created = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const newSession = (sessionId = `s${++created}`) =>
  new BatonSession(storeOf(server), { sessionId });
const user = (content: string) => ({ type: "message", role: "user", content });
const call = (callId: string, name = "tool") => ({
  type: "function_call",
  callId,
  name,
  arguments: "{}",
});

test("any process can add items, read them from the end, pop and clear them", async () => {
  const session = newSession();
  expect(await session.getItems()).toEqual([]);
  expect(await session.popItem()).toBeUndefined();
  const items = ["a", "b", "c"].map(user);
  await session.addItems(items.slice(0, 2));
  await session.addItems([]);
  await newSession(await session.getSessionId()).addItems(items.slice(2));
  expect(await session.getItems()).toEqual(items);
  expect(await session.getItems(2)).toEqual(items.slice(1));
  expect(await session.getItems(9)).toEqual(items);
  expect(await session.getItems(0)).toEqual([]);
  expect(await session.popItem()).toEqual(items[2]);
  await session.addItems([user("d")]);
  expect(await session.getItems()).toEqual([...items.slice(0, 2), user("d")]);
  await session.clearSession();
  expect(await session.getItems()).toEqual([]);
  await session.addItems(items);
  expect(await session.getItems()).toEqual(items);
});

test("IDs can be any strings, and a session without one gets a new one", async () => {
  const ids = ["a:b", "a", "ü", "%", "\ud800"];
  for (const id of ids) await newSession(id).addItems([user(String(ids.indexOf(id)))]);
  for (const id of ids)
    expect(await newSession(id).getItems()).toEqual([user(String(ids.indexOf(id)))]);
  const [one, other] = [new BatonSession(storeOf(server)), new BatonSession(storeOf(server))];
  expect(await one.getSessionId()).not.toBe(await other.getSessionId());
});

test("many items, large items, and items of any form are complete and in order", async () => {
  const session = newSession();
  const items: object[] = Array.from({ length: 410 }, (_, n) =>
    user(n === 250 ? "x".repeat(1_500_000) : String(n)),
  );
  items.push({ parts: { id: "a", count: 1 } }, { parts: [1] }, { parts: null });
  await session.addItems(items);
  expect(await session.getItems()).toEqual(items);
});

test("concurrent additions are all kept, and each item is popped once", async () => {
  const id = `race-${++created}`;
  const adding = Array.from({ length: 6 }, (_, n) =>
    newSession(id).addItems([user(`${n}.1`), user(`${n}.2`)]),
  );
  await Promise.all(adding);
  const items = (await newSession(id).getItems()) as { content: string }[];
  const contents = items.map(({ content }) => content);
  expect(contents).toHaveLength(12);
  for (let n = 0; n < 6; n++) {
    expect(contents.indexOf(`${n}.2`)).toBe(contents.indexOf(`${n}.1`) + 1);
  }
  const popped = await Promise.all(Array.from({ length: 6 }, () => newSession(id).popItem()));
  const found = popped.flatMap((item) => (item ? [(item as { content: string }).content] : []));
  expect(found.sort()).toEqual(contents.slice(-6).sort());
});

test("the parts of a large item are deleted when it is deleted or replaced", async () => {
  const session = newSession();
  const namespace = storeOf(server).namespace(`openai:sessions:${await session.getSessionId()}`);
  const partCount = async () => (await namespace.keys({ keyPrefix: "part/" })).length;
  const large = (callId: string) => call(callId, "x".repeat(1_000_000));
  await session.addItems([user("a"), large("1")]);
  expect(await partCount()).toBe(2);
  await session.applyHistoryMutations({
    mutations: [{ type: "replace_function_call", callId: "1", replacement: large("2") }],
  });
  expect(await partCount()).toBe(2);
  expect(await session.popItem()).toEqual(large("2"));
  expect(await partCount()).toBe(0);
  // A value that looks like a reference to parts is also stored in a part.
  await session.addItems([{ parts: { id: "a", count: 1 } }]);
  const transaction = {
    type: "replace_suffix",
    expectedSuffix: [{ parts: { id: "a", count: 1 } }],
    replacement: [user("b")],
  } as const;
  await session.applyHistoryTransaction({ operationId: "1", transaction });
  expect(await partCount()).toBe(0);
  expect(await session.getItems()).toEqual([user("a"), user("b")]);
});

test("a change that is refused after its parts were written leaves no parts", async () => {
  const entries = new LargeEntries(storeOf(server));
  const values = [storable("k", { text: "x".repeat(9_000_000) })];
  const write = entries.write("refused", { values, revisions: { k: "1" } });
  await expect(write).rejects.toThrow(ConflictError);
  expect(await storeOf(server).namespace("refused").keys()).toEqual([]);
});

test("a function call is replaced in its first place, and its repetitions are removed", async () => {
  const session = newSession();
  await session.addItems([user("a"), call("1"), user("b"), call("1", "again"), call("2")]);
  await session.applyHistoryMutations({ mutations: [] });
  await session.applyHistoryMutations({
    mutations: [
      { type: "replace_function_call", callId: "1", replacement: call("1", "new") },
      { type: "replace_function_call", callId: "3", replacement: call("3") },
    ],
  });
  expect(await session.getItems()).toEqual([user("a"), call("1", "new"), user("b"), call("2")]);
});

test("G6, G12: a transaction is applied once and completely, or not at all", async () => {
  const session = newSession();
  const append = { type: "append_items", items: [user("a"), user("b")] } as const;
  const repeats = Array.from({ length: 4 }, () =>
    newSession(`s${created}`).applyHistoryTransaction({ operationId: "1", transaction: append }),
  );
  await Promise.all(repeats);
  expect(await session.getItems()).toEqual(append.items);
  const replace = {
    type: "replace_suffix",
    // The order of members has no effect.
    expectedSuffix: [{ content: "b", role: "user", type: "message" }],
    replacement: [user("c"), user("d")],
  } as const;
  await session.applyHistoryTransaction({ operationId: "2", transaction: replace });
  await session.applyHistoryTransaction({ operationId: "2", transaction: replace });
  const items = ["a", "c", "d"].map(user);
  expect(await session.getItems()).toEqual(items);

  const refused = [
    { operationId: "2", transaction: append },
    { operationId: "3", transaction: replace },
    {
      operationId: "4",
      transaction: { ...replace, expectedSuffix: ["", "a", "c", "d"].map(user) },
    },
    { operationId: "", transaction: append },
    { operationId: "5", transaction: { type: "other" } as any },
  ];
  for (const args of refused)
    await expect(session.applyHistoryTransaction(args)).rejects.toThrow(/transaction/);
  expect(await session.getItems()).toEqual(items);
  // A refused transaction leaves no record of its ID.
  await session.applyHistoryTransaction({ operationId: "3", transaction: append });
  expect(await session.getItems()).toEqual([...items, ...append.items]);
});

test.skipIf(!hasAgentSdks)(`behaves like the SDK's session in memory${withAgentSdks}`, async () => {
  const { MemorySession } = await importSdk("@openai/agents-core/dist/index.mjs");
  const item = fc.oneof(
    fc.constantFrom("a", "b").map((content) => ({ ...user(content) })),
    fc.constantFrom("1", "2").map((id) => call(id)),
  );
  const items = fc.array(item, { maxLength: 3 });
  const transaction = fc.oneof(
    fc.record({ type: fc.constant("append_items"), items }),
    fc.record({ type: fc.constant("replace_suffix"), expectedSuffix: items, replacement: items }),
  );
  const step = fc.oneof(
    fc.record({ method: fc.constant("addItems"), argument: items }),
    fc.record({ method: fc.constant("popItem"), argument: fc.constant(undefined) }),
    fc.record({
      method: fc.constant("getItems"),
      argument: fc.option(fc.nat(4), { nil: undefined }),
    }),
    fc.record({ method: fc.constantFrom("clearSession"), argument: fc.constant(undefined) }),
    fc.record({
      method: fc.constant("applyHistoryMutations"),
      argument: fc.record({
        mutations: fc.array(
          fc.constantFrom("1", "2").map((callId) => ({
            type: "replace_function_call",
            callId,
            replacement: call(callId, "new"),
          })),
          { maxLength: 2 },
        ),
      }),
    }),
    fc.record({
      method: fc.constant("applyHistoryTransaction"),
      argument: fc.record({ operationId: fc.constantFrom("1", "2", "3", " "), transaction }),
    }),
  );
  const outcome = async (
    session: any,
    { method, argument }: { method: string; argument: unknown },
  ) => {
    try {
      return { returned: await session[method](argument), items: await session.getItems() };
    } catch {
      return { failed: true, items: await session.getItems() };
    }
  };
  const property = fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
    const [ours, theirs] = [newSession(), new MemorySession()];
    for (const one of steps) expect(await outcome(ours, one)).toEqual(await outcome(theirs, one));
  });
  await fc.assert(property, { numRuns: 40 });
});
