import { expect, expectTypeOf, test } from "vitest";
import {
  createDataStore,
  type Claim,
  type ConditionalWriteOptions,
  type DataStore,
  type Entry,
  type Namespace,
} from "../../src/client/index.ts";

interface Jobs {
  raw: { text: string };
  note: string;
  count: number;
  large?: number | bigint;
  meta: { completed: number; phase?: string; inner?: { at: string; step: number } };
  list: string[];
  maybe?: string[];
  either: string | number;
  anything: unknown;
  [task: `task:${string}`]: { file: string };
}

interface Timed {
  at: Date;
  span: { begin: Date };
  steps: { at: Date }[];
  run: () => void;
}

class Point {
  readonly x = 1;
}

// This code is compiled and never called. TypeScript must refuse each line after `@ts-expect-error`.

async function values(jobs: Namespace<Jobs>, open: Namespace, timed: Namespace<Timed>) {
  await jobs.set("raw", { text: "a" });
  await jobs.set("anything", { any: [1, null, new Point()] });
  await jobs.update("count", (count) => (count ?? 0) + 1);
  await jobs.setMany({ raw: { text: "a" }, "task:1": { file: "f" } });
  await open.set("k", { a: [1, { b: "x" }], point: new Point(), none: undefined });
  await open.set("k", JSON.parse("1"));
  await open.set("k", "x" as unknown);
  // @ts-expect-error another type
  await jobs.set("raw", { text: 1 });
  // @ts-expect-error unknown member
  await jobs.set("raw", { text: "a", bogus: 1 });
  // @ts-expect-error a Date is stored as a string
  await jobs.set("anything", new Date());
  // @ts-expect-error a Date is stored as a string
  await open.set("k", new Date());
  // @ts-expect-error a Date is stored as a string
  await timed.set("at", new Date());
  // @ts-expect-error also inside an object
  await timed.set("span", { begin: new Date() });
  // @ts-expect-error also inside a list
  await timed.set("steps", [{ at: new Date() }]);
  // @ts-expect-error a function is not stored
  await timed.set("run", () => {});
  // @ts-expect-error also by an update
  await timed.update("at", () => new Date());
}

async function increments(jobs: Namespace<Jobs>, open: Namespace) {
  await jobs.increment("count");
  await jobs.increment("large", { by: 2 });
  await jobs.increment("either");
  await jobs.increment("anything");
  await jobs.increment("meta", { path: "/completed" });
  await open.increment("k");
  // @ts-expect-error an object needs a path to a number
  await jobs.increment("raw");
  // @ts-expect-error a missing path
  await jobs.increment("meta", { by: 2 });
  // @ts-expect-error text
  await jobs.increment("note");
  // @ts-expect-error a list
  await jobs.increment("list");
  // @ts-expect-error text has no members
  await jobs.increment("note", { path: "/a" });
}

async function patches(jobs: Namespace<Jobs>, open: Namespace, timed: Namespace<Timed>) {
  await jobs.patch("meta", { completed: 1 });
  await jobs.patch("meta", { phase: null, inner: { step: 2 } });
  await jobs.patch("meta", { inner: null });
  await jobs.patch("anything", { any: 1 });
  await open.patch("k", { any: { at: null } });
  // @ts-expect-error another type
  await jobs.patch("meta", { completed: "many" });
  // @ts-expect-error unknown member
  await jobs.patch("meta", { bogus: 1 });
  // @ts-expect-error unknown member, deeper
  await jobs.patch("meta", { inner: { bogus: 1 } });
  // @ts-expect-error the member is required
  await jobs.patch("meta", { completed: null });
  // @ts-expect-error a Date is stored as a string
  await timed.patch("span", { begin: new Date() });
}

async function appends(jobs: Namespace<Jobs>, open: Namespace) {
  await jobs.append("list", "a");
  await jobs.append("maybe", "a");
  await jobs.append("anything", 1);
  await open.append("k", { a: 1 });
  // @ts-expect-error a list of strings
  await jobs.append("list", 42);
  // @ts-expect-error an optional list of strings
  await jobs.append("maybe", 42);
  // @ts-expect-error not a list
  await jobs.append("raw", "a");
  // @ts-expect-error a Date is stored as a string
  await open.append("k", new Date());
}

async function claims(jobs: Namespace<Jobs>, open: Namespace) {
  const claim = await jobs.claim({ keyPrefix: "task:" });
  const completed = await claim!.complete({ file: "done" });
  expectTypeOf(completed).toEqualTypeOf<Entry<{ file: string }, `task:${string}`>>();
  await claim!.complete();
  await claim!.complete(undefined, { transact: (t) => t.in(jobs).increment("count") });
  await (await open.claim())!.complete({ any: 1 });
  const general: Claim = claim!;
  await general.complete({ any: 1 });
  // @ts-expect-error another type
  await claim!.complete({ bogus: true });
  // @ts-expect-error unknown member
  await claim!.complete({ file: "done", bogus: true });
}

async function transactions(store: DataStore, jobs: Namespace<Jobs>) {
  await store.transact((t) => {
    const here = t.in(jobs);
    here.set("raw", { text: "a" });
    here.increment("count");
    here.increment("meta", { path: "/completed" });
    here.patch("meta", { phase: null });
    here.append("list", "a");
    const open = t.in("open");
    open.set("k", 1);
    open.increment("k");
    open.patch("k", { a: 1 });
    open.append("k", 1);
    // @ts-expect-error another type
    here.set("raw", 1);
    // @ts-expect-error an object
    here.increment("raw");
    // @ts-expect-error another type
    here.patch("meta", { completed: "many" });
    // @ts-expect-error a list of strings
    here.append("list", 42);
    // @ts-expect-error a Date is stored as a string
    open.set("k", new Date());
  });
}

interface Wide {
  object: object;
  braces: {};
  optional: { a?: number };
}

async function openValues(open: Namespace, wide: Namespace<Wide>, store: DataStore) {
  await open.update("k", (value) => (value ?? 0) + 1);
  await open.update("k", async () => ({ a: 1 }));
  await open.update("k", (value: unknown) => value);
  await open.update("k", () => null);
  await open.set("k", null);
  await open.set("k", [1, "a", { b: true }], { metadata: { format: "csv", parts: [1] } });
  await open.patch("k", { a: null, b: { c: [1] } });
  await wide.set("object", { a: 1 });
  await wide.set("braces", 1);
  await wide.set("optional", { a: 1 });
  await wide.update("object", () => ({ a: 1 }));
  await wide.patch("object", { a: 1 });
  await wide.setMany({ object: { a: 1 }, braces: "b" });
  // @ts-expect-error JSON has no such value
  await open.set("k", undefined);
  // @ts-expect-error JSON has no such value
  await open.set("k", () => 1);
  // @ts-expect-error JSON has no such value
  await open.set("k", Symbol("s"));
  // @ts-expect-error JSON has no such value
  await open.set("k", new Map());
  // @ts-expect-error JSON has no such value
  await open.set("k", new Set());
  // @ts-expect-error JSON has no such value
  await open.set("k", /x/);
  // @ts-expect-error JSON has no such value
  await open.set("k", new Error("e"));
  // @ts-expect-error JSON has no such value
  await open.set("k", Promise.resolve(1));
  // @ts-expect-error also inside
  await open.set("k", { a: [new Date()] });
  // @ts-expect-error not stored unchanged
  await open.update("k", () => new Date());
  // @ts-expect-error not stored unchanged
  await open.update("k", async () => new Date());
  // @ts-expect-error not stored unchanged
  await open.update("k", () => ({ a: new Date() }));
  // @ts-expect-error not stored unchanged
  await open.update("k", () => new Map());
  // @ts-expect-error not stored unchanged
  await open.patch("k", { a: new Date() });
  // @ts-expect-error not stored unchanged
  await open.append("k", { a: new Date() });
  // @ts-expect-error not stored unchanged
  await open.append("k", undefined);
  // @ts-expect-error not stored unchanged
  await wide.set("object", new Date());
  // @ts-expect-error not stored unchanged
  await wide.set("braces", new Date());
  // @ts-expect-error not stored unchanged
  await wide.set("braces", new Map());
  // @ts-expect-error not stored unchanged
  await wide.update("object", () => new Date());
  // @ts-expect-error not stored unchanged
  await wide.patch("object", { a: new Date() });
  // @ts-expect-error a number instead of an object
  await wide.set("object", 1);
  await store.transact((t) => {
    const here = t.in("open");
    const there = t.in(wide);
    there.set("object", { a: 1 });
    here.set("k", { a: 1 }, { metadata: { format: "csv" } });
    // @ts-expect-error not stored unchanged
    here.set("k", undefined);
    // @ts-expect-error not stored unchanged
    here.set("k", new Map());
    // @ts-expect-error not stored unchanged
    here.patch("k", { a: new Date() });
    // @ts-expect-error not stored unchanged
    here.append("k", [new Date()]);
    // @ts-expect-error not stored unchanged
    there.set("object", new Date());
    // @ts-expect-error not stored unchanged
    here.set("k", 1, { metadata: { at: new Date() } });
    // @ts-expect-error not stored unchanged
    here.increment("k", { metadata: { at: new Date() } });
    // @ts-expect-error not stored unchanged
    here.patch("k", {}, { metadata: { at: new Date() } });
    // @ts-expect-error not stored unchanged
    here.append("k", 1, { metadata: { at: new Date() } });
  });
}

type Tree = { value: number; children: Tree[] };
type Outcome = { ok: true; value: number } | { ok: false; reason?: string };

/** Values that JSON represents exactly still compile, with the types that programs use. */
async function ordinary<V, R extends object>(
  open: Namespace,
  given: {
    rows: readonly Jobs["meta"][];
    row: Jobs["meta"] | null;
    part: Partial<Jobs["meta"]>;
    record: Record<string, unknown>;
    outcome: Outcome;
    tree: Tree;
    generic: V;
    result: () => Promise<R>;
  },
) {
  await open.set("k", given.rows);
  await open.set("k", given.row);
  await open.set("k", given.part);
  await open.set("k", given.record);
  await open.set("k", given.outcome);
  await open.set("k", given.tree);
  await open.set("k", { a: given.generic as unknown, none: undefined });
  await open.set("k", (await given.result()) as unknown);
  await open.set("k", ["a", 1] as const);
  await open.set<string, Jobs["meta"]>("k", { completed: 1 });
  await open.update("k", (value) => ({ ...value, n: (value?.n ?? 0) + 1 }));
  await open.update("k", async (value, entry) => (entry ? [value, 1] : null));
  await open.update("k", (value: Outcome | undefined) => value ?? { ok: true, value: 1 });
  await open.setMany({ a: 1, b: given.outcome, c: [given.tree] });
  await open.setMany(given.record);
  await open.setMany(JSON.parse("{}"));
  await open.setMany(Object.fromEntries([["a", given.row]]));
  await open.append("k", given.part);
  await open.patch("k", given.part);
  await open.set("k", 1, { metadata: { ...given.record, part: given.part } });
}

interface Literals {
  state: "open" | "done";
  pair: { kind: "a" | "b"; of?: [number, string] };
  tree: Tree;
  outcome: Outcome;
}

/** A function that is generic over the keys of one type. */
async function byKey<K extends keyof Literals>(
  here: Namespace<Literals>,
  key: K,
  value: Literals[K],
) {
  await here.set(key, value);
  await here.update(key, (before) => before ?? value);
}

async function literals(here: Namespace<Literals>, tree: Tree) {
  await here.set("state", "done");
  await here.set("pair", { kind: "a", of: [1, "b"] });
  await here.set("tree", tree);
  await here.set("outcome", { ok: false, reason: "why" });
  await here.update("state", (state) => (state === "done" ? "open" : "done"));
  await here.update("pair", (pair) => ({ ...pair, kind: "a" }));
  await here.update("pair", async () => ({ kind: "a", of: [1, "b"] }));
  await here.setMany({ state: "done", pair: { kind: "b", of: [1, "b"] } });
  await here.patch("pair", { kind: "b", of: null });
  // @ts-expect-error another type
  await here.set("state", "gone");
  // @ts-expect-error another type
  await here.update("pair", () => ({ kind: "c" }));
  // @ts-expect-error another type
  await here.setMany({ state: "gone" });
  // @ts-expect-error unknown key
  await here.setMany({ nothing: 1 });
}

async function several(open: Namespace, wide: Namespace<Wide>) {
  // @ts-expect-error not stored unchanged
  await open.setMany({ d: { at: new Date() } });
  // @ts-expect-error JSON has no such value
  await open.setMany({ d: undefined });
  // @ts-expect-error JSON has no such value
  await open.setMany({ a: 1, d: () => 1 });
  // @ts-expect-error JSON has no such value
  await open.setMany({ d: Promise.resolve(1) });
  // @ts-expect-error not stored unchanged
  await open.setMany(Object.fromEntries([["d", new Date()]]));
  // @ts-expect-error not stored unchanged
  await wide.setMany({ object: new Date() });
  // @ts-expect-error a number instead of an object
  await wide.setMany({ object: 1 });
}

async function metadata(jobs: Namespace<Jobs>, open: Namespace, entry: Entry) {
  await open.set("k", 1, { metadata: entry.metadata });
  await jobs.set("count", 1, { metadata: { source: "a" as unknown, none: undefined } });
  await jobs.setMany({ count: 1 }, { metadata: { source: "a" } });
  await jobs.update("count", () => 1, { metadata: { source: "a" }, attempts: 3 });
  const general: ConditionalWriteOptions = { metadata: { source: "a" }, ifRevision: "0" };
  await open.set("k", 1, general);
  const claim = await open.claim();
  // @ts-expect-error a Date is stored as a string
  await open.set("k", 1, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.set("count", 1, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.setMany({ count: 1 }, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.update("count", () => 1, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await open.update("k", () => 1, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.increment("count", { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.increment("meta", { path: "/completed", metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.patch("meta", { completed: 1 }, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await open.patch("k", {}, { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await jobs.append("list", "a", { metadata: { at: new Date() } });
  // @ts-expect-error a Date is stored as a string
  await open.append("k", "a", { metadata: { inner: { at: new Date() } } });
  // @ts-expect-error a Date is stored as a string
  await claim!.complete(1, { metadata: { at: new Date() } });
}

async function failures(open: Namespace, caught: unknown) {
  const claim = (await open.claim())!;
  await claim.fail();
  await claim.fail(caught);
  await claim.fail(new TypeError("e"), { retry: false });
  await claim.fail({ message: "why", steps: [1] });
  await claim.complete(caught);
  await claim.complete(undefined);
  // @ts-expect-error not stored unchanged
  await claim.fail({ error: new Date() });
  // @ts-expect-error not stored unchanged
  await claim.fail(() => {});
  // @ts-expect-error not stored unchanged
  await claim.fail(new Map());
  // @ts-expect-error not stored unchanged
  await claim.complete(new Date());
  // @ts-expect-error not stored unchanged
  await claim.complete({ at: new Date() });
  // @ts-expect-error not stored unchanged
  await claim.complete(new Map());
}

test("G13: a value that cannot be stored with its type does not compile", async () => {
  expectTypeOf(values).returns.toEqualTypeOf<Promise<void>>();
  for (const misuse of [
    values,
    increments,
    patches,
    appends,
    claims,
    transactions,
    openValues,
    ordinary,
    byKey,
    literals,
    several,
    metadata,
    failures,
  ]) {
    expect(misuse).toBeTypeOf("function");
  }
  await using store = createDataStore();
  expectTypeOf(store.namespace<Jobs>("j").get<"count">).returns.resolves.toEqualTypeOf<
    number | undefined
  >();
});
