import { InMemoryStore, type Item, type Operation } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BatonStore } from "../../src/langgraph/index.ts";
import { startTestServer } from "../server.ts";
import { storeOf } from "../sdk/sdk-store.ts";

const label = fc.constantFrom("a", "b", "bb", "c");
const namespace = fc.array(label, { minLength: 1, maxLength: 3 });
const path = fc.array(fc.oneof(label, fc.constant("*")), { minLength: 1, maxLength: 3 });
const key = fc.constantFrom("k1", "k2", "k3");
const number = fc.constantFrom(-1, 0, 0.5, 1, 1e21);
const scalar = fc.oneof(number, fc.constantFrom("x", "y", "", true, null));
const value = fc.record(
  // The store in memory converts compared values to numbers, also null and true.
  { n: fc.oneof(number, fc.constantFrom("x", "y")), s: scalar, "a/~": scalar },
  { requiredKeys: [] },
);

const put = fc.record({ namespace, key, value: fc.option(value, { freq: 4 }) });
const get = fc.record({ namespace, key });
const ordered = fc.constantFrom("$gt", "$gte", "$lt", "$lte");
const filter = fc.record(
  {
    n: fc.oneof(
      number,
      fc.dictionary(ordered, number, { maxKeys: 2 }),
      fc.record({ $ne: number }),
      fc.record({ $in: fc.array(scalar) }),
      fc.record({ $nin: fc.array(scalar) }),
    ),
    s: fc.oneof(scalar, fc.record({ $eq: scalar }), fc.record({ $ne: scalar })),
    "a/~": fc.oneof(scalar, fc.constant(undefined)),
  },
  { requiredKeys: [] },
);
const page = { limit: fc.integer({ min: 0, max: 5 }), offset: fc.integer({ min: 0, max: 4 }) };
const search = fc.record({
  namespacePrefix: fc.array(label, { maxLength: 2 }),
  filter: fc.option(filter, { nil: undefined }),
  ...page,
});
const list = fc.record({
  matchConditions: fc.array(fc.record({ matchType: fc.constantFrom("prefix", "suffix"), path }), {
    maxLength: 3,
  }),
  maxDepth: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  ...page,
});
const batch = fc.array(fc.oneof(put, put, put, get, search, list), { minLength: 1, maxLength: 12 });

/** The place and the value of an item. Its times come from another clock. */
const shown = ({ namespace, key, value }: Item) => ({ namespace, key, value });
const isSearch = (operation: object) => "namespacePrefix" in operation;

test("batches of any operations have the same results as in memory", async () => {
  await using server = await startTestServer();
  const data = storeOf(server);
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(batch, { minLength: 1, maxLength: 4 }),
    async (batches) => {
      const store = new BatonStore(data, { namespacePrefix: `model-${++runs}:` });
      const live = new Map<string, { namespace: string[]; key: string; value: object }>();
      for (const operations of batches) {
        // In memory, a namespace stays after its last item is deleted. A new store for each check has only existing
        // items.
        const memory = new InMemoryStore();
        await memory.batch([...live.values()] as Operation[]);
        // Reads return the state before the batch. In memory, a later put changes an item that was read, so the puts
        // are left out there.
        const reads = operations.filter((operation) => !("value" in operation));
        const answers: unknown[] = await memory.batch(reads as Operation[]);
        const expected = operations.map((operation) => answers[reads.indexOf(operation)]);
        const found: unknown[] = await store.batch(operations as Operation[]);
        for (const [at, operation] of operations.entries()) {
          if (isSearch(operation)) {
            await sameSearch(operation as any, found[at] as Item[], live);
          } else if ("value" in operation) {
            expect(found[at]).toBeUndefined();
          } else if ("key" in operation) {
            const [one, other] = [found[at], expected[at]] as (Item | null)[];
            expect(one && shown(one)).toEqual(other && shown(other));
          } else {
            expect(found[at]).toEqual(expected[at]);
          }
        }
        for (const operation of operations) {
          if (!("value" in operation)) continue;
          const place = JSON.stringify([operation.namespace, operation.key]);
          if (operation.value === null) live.delete(place);
          else live.set(place, operation as any);
        }
      }
      const all = await store.search([], { limit: 1_000 });
      expect(new Set(all.map((item) => JSON.stringify([item.namespace, item.key])))).toEqual(
        new Set(live.keys()),
      );
    },
  );

  /**
   * In memory, items are in the order of their first puts; in Baton, by namespace and key. A page follows that order.
   */
  async function sameSearch(
    { namespacePrefix, filter, limit, offset }: any,
    found: readonly Item[],
    live: ReadonlyMap<string, { namespace: string[]; key: string; value: object }>,
  ) {
    const memory = new InMemoryStore();
    await memory.batch([...live.values()] as Operation[]);
    const every = await memory.search(namespacePrefix, { filter, limit: 1_000 });
    const nameOf = ({ namespace }: Item) => namespace.join(":");
    const inOrder = every.sort((a, b) =>
      nameOf(a) === nameOf(b) ? (a.key < b.key ? -1 : 1) : nameOf(a) < nameOf(b) ? -1 : 1,
    );
    expect(found.map(shown)).toEqual(inOrder.slice(offset, offset + limit).map(shown));
  }

  await fc.assert(property, { numRuns: 30 });
});
