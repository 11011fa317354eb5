import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatonSessionStore, type SessionStoreEntry } from "../../src/sessions/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "../sdk/sdk-store.ts";
import { hasAgentSdks, importSdk, withAgentSdks } from "./agent-sdks.ts";

let server: TestServer;
let created = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const newStore = (options = {}) =>
  new BatonSessionStore(storeOf(server), { namespacePrefix: `claude-${++created}:`, ...options });
const entry = (uuid: string, text = uuid): SessionStoreEntry => ({
  type: "user",
  uuid,
  timestamp: "2026-01-01T00:00:00Z",
  message: { content: text },
});
const title = (text: string): SessionStoreEntry => ({ type: "custom-title", customTitle: text });

test("loads the appended entries, and null for an unknown transcript", async () => {
  const store = newStore();
  const key = { projectKey: "-home-ann-project", sessionId: "s1" };
  expect(await store.load(key)).toBeNull();
  await store.append(key, [entry("1"), title("t")]);
  await store.append(key, [entry("2")]);
  expect(await store.load(key)).toEqual([entry("1"), title("t"), entry("2")]);
  expect(await store.load({ ...key, sessionId: "s2" })).toBeNull();
  await store.append({ ...key, sessionId: "s2" }, []);
  expect(await store.load({ ...key, sessionId: "s2" })).toEqual([]);
});

test("stores an entry with a uuid once, and one without each time that it is appended", async () => {
  const store = newStore();
  const key = { projectKey: "p", sessionId: "s" };
  const batch = [entry("1"), title("t"), entry("2"), entry("1", "repeated in the batch")];
  await store.append(key, batch);
  await store.append(key, batch);
  await store.append(key, [entry("1", "other")]);
  expect(await store.load(key)).toEqual([entry("1"), title("t"), entry("2"), title("t")]);
});

test("concurrent batches of several processes are each complete, and retries add nothing", async () => {
  const store = newStore();
  const key = { projectKey: "p", sessionId: "race" };
  const batches = Array.from({ length: 5 }, (_, n) => [
    entry(`${n}.1`),
    entry(`${n}.2`),
    entry("shared"),
  ]);
  await Promise.all([...batches, ...batches].map((batch) => store.append(key, batch)));
  const uuids = (await store.load(key))?.map(({ uuid }) => uuid) ?? [];
  expect([...uuids].sort()).toEqual([...new Set(batches.flat().map(({ uuid }) => uuid))].sort());
  for (let n = 0; n < 5; n++) expect(uuids.indexOf(`${n}.2`)).toBe(uuids.indexOf(`${n}.1`) + 1);
});

test("long transcripts and large entries are complete and in order", async () => {
  const store = newStore();
  const key = { projectKey: "p", sessionId: "long" };
  const entries = Array.from({ length: 410 }, (_, n) =>
    n === 250 ? entry(String(n), "x".repeat(1_500_000)) : entry(String(n)),
  );
  await store.append(key, entries);
  expect(await store.load(key)).toEqual(entries);
});

test("lists the sessions of a project with the time of their last write", async () => {
  const store = newStore();
  const before = Date.now() - 1;
  for (const sessionId of ["s1", "s:2"])
    await store.append({ projectKey: "p", sessionId }, [entry("1")]);
  await store.append({ projectKey: "p2", sessionId: "other" }, [entry("1")]);
  await store.append({ projectKey: "p:s1", sessionId: "other" }, [entry("1")]);
  await store.append({ projectKey: "p", sessionId: "only-subagents", subpath: "a" }, [entry("1")]);
  const listed = await store.listSessions("p");
  expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual(["s1", "s:2"]);
  for (const { mtime } of listed) {
    expect(Number.isInteger(mtime)).toBe(true);
    expect(mtime).toBeGreaterThan(before);
  }
  expect(await store.listSessions("none")).toEqual([]);
  expect(store.listSessionSummaries).toBeUndefined();
});

test("lists transcripts of subagents, and deletes them with the session or separately", async () => {
  const store = newStore();
  const key = { projectKey: "p", sessionId: "s" };
  const subpaths = ["subagents/agent-1", "subagents/agent-2", "x"];
  await store.append(key, [entry("main")]);
  for (const subpath of subpaths) await store.append({ ...key, subpath }, [entry("1", subpath)]);
  // The value looks like a reference to parts, so it is stored in a part.
  await store.append({ ...key, subpath: "x" }, [{ parts: { id: "a", count: 1 } } as any]);
  expect((await store.listSubkeys(key)).sort()).toEqual(subpaths);
  await store.delete({ ...key, subpath: "x" });
  expect(await store.load({ ...key, subpath: "x" })).toBeNull();
  const namespace = storeOf(server).namespace(`claude-${created}:p:s`);
  expect(await namespace.keys({ keyPrefix: "part/" })).toEqual([]);
  await store.append({ ...key, subpath: "x" }, [entry("1", "again")]);
  expect(await store.load({ ...key, subpath: "x" })).toEqual([entry("1", "again")]);
  expect(await store.load({ ...key, subpath: subpaths[0]! })).toEqual([entry("1", subpaths[0])]);
  await expect(store.load({ ...key, subpath: "" })).rejects.toThrow("subpath");
  await store.delete(key);
  expect(await store.load(key)).toBeNull();
  expect(await store.listSubkeys(key)).toEqual([]);
  await store.delete(key);
});

test("summaries are folded once for each entry, also with concurrent appends", async () => {
  // Like the SDK's function, it receives the new entries, and returns the summary to keep.
  const foldSessionSummary = (
    previous: any,
    { sessionId }: any,
    entries: SessionStoreEntry[],
    options: any,
  ) => ({
    sessionId,
    mtime: options.mtime,
    data: { count: (previous?.data.count ?? 0) + entries.length },
  });
  const store = newStore({ foldSessionSummary });
  const key = { projectKey: "p", sessionId: "s" };
  await Promise.all(
    Array.from({ length: 6 }, (_, n) => store.append(key, [entry(String(n % 4)), title("t")])),
  );
  await store.append({ ...key, subpath: "a" }, [entry("1")]);
  const [session] = await store.listSessions("p");
  expect(await store.listSessionSummaries?.("p")).toEqual([{ ...session, data: { count: 10 } }]);
});

test.skipIf(!hasAgentSdks)(`behaves like the SDK's store in memory${withAgentSdks}`, async () => {
  const { InMemorySessionStore, foldSessionSummary } = await importSdk(
    "@anthropic-ai/claude-agent-sdk/sdk.mjs",
  );
  let uuids = 0;
  const key = fc.record(
    {
      projectKey: fc.constantFrom("p", "q"),
      sessionId: fc.constantFrom("s", "t"),
      subpath: fc.constantFrom("a", "subagents/b"),
    },
    { requiredKeys: ["projectKey", "sessionId"] },
  );
  // In memory, an entry with a repeated uuid is stored again, so each uuid is used once here.
  const entries = fc.array(
    fc.oneof(
      fc.constant(null).map(() => entry(`u${++uuids}`)),
      fc.constantFrom("x", "y").map(title),
    ),
    { maxLength: 3 },
  );
  const step = fc.oneof(
    fc.record({ method: fc.constant("append"), arguments: fc.tuple(key, entries) }),
    fc.record({
      method: fc.constantFrom("load", "delete", "listSubkeys"),
      arguments: fc.tuple(key),
    }),
    fc.record({
      method: fc.constantFrom("listSessions", "listSessionSummaries"),
      arguments: fc.tuple(fc.constantFrom("p", "q")),
    }),
  );
  const shown = (result: unknown) =>
    Array.isArray(result)
      ? result
          .map((one: any) =>
            one && typeof one === "object" && "mtime" in one ? { ...one, mtime: 0 } : one,
          )
          .sort((a: any, b: any) =>
            String(a.sessionId ?? "").localeCompare(String(b.sessionId ?? "")),
          )
      : result;
  const property = fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
    const [ours, theirs] = [newStore({ foldSessionSummary }) as any, new InMemorySessionStore()];
    for (const { method, arguments: given } of steps) {
      const [one, other] = [await ours[method](...given), await theirs[method](...given)];
      const order = (result: unknown) =>
        method === "listSubkeys" ? [...(result as string[])].sort() : shown(result);
      expect([method, order(one)]).toEqual([method, order(other)]);
    }
  });
  await fc.assert(property, { numRuns: 40 });
});
