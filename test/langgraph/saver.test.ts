import { emptyCheckpoint, uuid6, type Checkpoint } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatonError } from "../../src/client/index.ts";
import { BatonSaver } from "../../src/langgraph/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { collect, storeOf } from "../sdk/sdk-store.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const metadata = { source: "loop", step: 1, parents: {} } as const;

/** A checkpoint with these values, each at its first version. */
function checkpointOf(values: Record<string, unknown>, id = uuid6(0)): Checkpoint {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
  return { ...emptyCheckpoint(), id, channel_values: values, channel_versions: versions };
}

const configOf = (thread_id: string, checkpoint_ns = "") => ({
  configurable: { thread_id, checkpoint_ns },
});

test("names can be any strings, and are returned unchanged", async () => {
  const saver = new BatonSaver(storeOf(server), { namespacePrefix: "names:" });
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom("/", "%", ":", "␛", "~", "\0", "\ud800", "a"),
      maxLength: 8,
    }),
  );
  const one = name.filter((text) => text !== "");
  const property = fc.asyncProperty(
    one,
    name,
    one,
    one,
    one,
    async (thread, ns, id, task, channel) => {
      const checkpoint = checkpointOf({ [channel]: { [channel]: task } }, id);
      const config = await saver.put(configOf(thread, ns), checkpoint, metadata, {
        [channel]: 1,
      });
      await saver.putWrites(config, [[channel, task]], task, id);
      const expected = { config, checkpoint, metadata, pendingWrites: [[task, channel, task]] };
      expect(config.configurable).toEqual({
        thread_id: thread,
        checkpoint_ns: ns,
        checkpoint_id: id,
      });
      expect(await saver.getTuple(config)).toEqual(expected);
      expect(await saver.getTuple(configOf(thread, ns))).toEqual(expected);
      expect(await collect(saver.list({}))).toEqual([expected]);
      await saver.deleteThread(thread);
      expect(await collect(saver.list({}))).toEqual([]);
    },
  );
  await fc.assert(property, {
    numRuns: 15,
    examples: [["a", "toString", "__proto__", "constructor", "valueOf"]],
  });
});

test("the latest checkpoint is the one with the greatest ID, and lists begin with it", async () => {
  const saver = new BatonSaver(storeOf(server));
  const ids = ["b", "ba", "b~", "a", "ü", "c"];
  for (const id of ids) await saver.put(configOf("order"), checkpointOf({}, id), metadata, {});
  expect((await saver.getTuple(configOf("order")))?.checkpoint.id).toBe("ü");
  const listed = await collect(saver.list(configOf("order")));
  expect(listed.map(({ checkpoint }) => checkpoint.id)).toEqual(["ü", "c", "b~", "ba", "b", "a"]);
  const before = { configurable: { checkpoint_id: "b~" } };
  const [next] = await collect(saver.list(configOf("order"), { before, limit: 1 }));
  expect(next?.checkpoint.id).toBe("ba");
});

test("values larger than a request are stored completely", async () => {
  const saver = new BatonSaver(storeOf(server));
  const values = {
    text: 'ü"\\'.repeat(250_000),
    bytes: crypto.getRandomValues(new Uint8Array(4_096)),
    lists: Array.from({ length: 2 }, () => "x".repeat(3_200_000)),
  };
  const config = await saver.put(configOf("large"), checkpointOf(values), metadata, {
    text: 1,
    bytes: 1,
    lists: 1,
  });
  await saver.putWrites(config, [["text", values.text]], "task");
  const tuple = await saver.getTuple(config);
  expect(tuple?.checkpoint.channel_values).toEqual(values);
  expect(tuple?.pendingWrites).toEqual([["task", "text", values.text]]);
});

test("G6: a checkpoint is stored with all its values, or not at all", async () => {
  const store = storeOf(server);
  const saver = new BatonSaver(store);
  const values = { short: 1, ["n".repeat(1_100)]: 2 };
  const put = saver.put(configOf("whole"), checkpointOf(values), metadata, {
    short: 1,
    ["n".repeat(1_100)]: 1,
  });
  await expect(put).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  await expect(put).rejects.toBeInstanceOf(BatonError);
  expect(await store.namespace("langgraph:threads:whole").keys()).toEqual([]);
});

test("of concurrent writes by one task, the first of each index stays", async () => {
  const saver = new BatonSaver(storeOf(server));
  const config = await saver.put(configOf("race"), checkpointOf({}), metadata, {});
  await Promise.all(
    Array.from({ length: 8 }, (_, racer) =>
      saver.putWrites(
        config,
        Array.from({ length: racer + 1 }, (_, index) => ["channel", [racer, index]]),
        "task",
      ),
    ),
  );
  const { pendingWrites = [] } = (await saver.getTuple(config)) ?? {};
  expect(pendingWrites.map(([, , value]) => (value as number[])[1])).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7,
  ]);
  await saver.putWrites(config, [["channel", "again"]], "task");
  await saver.putWrites(config, [["__error__", "first"]], "task");
  await saver.putWrites(config, [["__error__", "second"]], "task");
  expect((await saver.getTuple(config))?.pendingWrites).toEqual([
    ["task", "__error__", "second"],
    ...pendingWrites,
  ]);
});

test("a step needs one request to store and two to load, regardless of its number of channels and writes", async () => {
  let requests = 0;
  const saver = new BatonSaver(
    storeOf(server, {
      fetch: (...args) => {
        requests++;
        return fetch(...args);
      },
    }),
  );
  const values = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`channel-${at}`, [at]]));
  const checkpoint = checkpointOf(values);
  const config = await saver.put(
    configOf("cheap"),
    checkpoint,
    metadata,
    checkpoint.channel_versions,
  );
  await saver.putWrites(config, Object.entries(values), "task");
  expect(requests).toBe(2);
  const tuple = await saver.getTuple(configOf("cheap"));
  expect(requests).toBe(4);
  expect(tuple?.checkpoint).toEqual(checkpoint);
  expect(tuple?.pendingWrites).toHaveLength(40);
});
