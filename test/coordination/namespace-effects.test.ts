import { expect, test } from "vitest";
import { namespaceEffects } from "../../src/store/commit/namespace-effects.ts";
import { unclaimed, type StoredEntry } from "../../src/store/model/claim.ts";

function entryOf(changes: Partial<StoredEntry>): StoredEntry {
  return {
    namespace: "n",
    key: "k",
    value: "1",
    metadata: "{}",
    revision: 1n,
    createdRevision: 1n,
    createdAt: new Date(1_000),
    updatedAt: new Date(1_000),
    createdBy: "one",
    updatedBy: "one",
    expiresAt: null,
    sizeBytes: 10,
    ...unclaimed,
    ...changes,
  };
}

test("sums up several sets of existing keys by their agent in one row of the namespace", () => {
  const written = Array.from({ length: 64 }, (_, index) => ({
    before: entryOf({ key: `k${index}` }),
    entry: entryOf({ key: `k${index}`, sizeBytes: 12, updatedAt: new Date(2_000) }),
  }));
  expect(namespaceEffects({ deleted: [], written })).toEqual({
    namespaces: [{ namespace: "n", entryCount: 0, sizeBytes: 128, updatedAt: new Date(2_000) }],
    agents: [],
  });
});

test("counts one reference less for an agent whose last entry another agent writes", () => {
  const written = [{ before: entryOf({}), entry: entryOf({ updatedBy: "two" }) }];
  expect(namespaceEffects({ deleted: [], written }).agents).toEqual([
    { namespace: "n", agent: "one", referenceCount: -1 },
    { namespace: "n", agent: "two", referenceCount: 1 },
  ]);
});

test("sums up removed and written entries for each of several namespaces", () => {
  const { namespaces, agents } = namespaceEffects({
    deleted: [entryOf({}), entryOf({ namespace: "gone", createdBy: null, updatedBy: null })],
    written: [{ before: null, entry: entryOf({ key: "new", sizeBytes: 7 }) }],
  });
  expect(
    namespaces.map(({ namespace, entryCount, sizeBytes }) => [namespace, entryCount, sizeBytes]),
  ).toEqual([
    ["n", 0, -3],
    ["gone", -1, -10],
  ]);
  expect(agents).toEqual([]);
});
