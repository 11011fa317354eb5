import { expect, expectTypeOf, test } from "vitest";
import {
  createDataStore,
  type Claim,
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

// Compiled, and never called: what may not be said is what TypeScript refuses.

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
  // @ts-expect-error no such member
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
  // @ts-expect-error an object: which of its numbers, the path says
  await jobs.increment("raw");
  // @ts-expect-error no path
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
  // @ts-expect-error no such member
  await jobs.patch("meta", { bogus: 1 });
  // @ts-expect-error no such member, deeper
  await jobs.patch("meta", { inner: { bogus: 1 } });
  // @ts-expect-error its type has no object without this member
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
  // @ts-expect-error a list of strings that may be absent
  await jobs.append("maybe", 42);
  // @ts-expect-error no list
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
  // @ts-expect-error no such member
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

test("G13: what can't be stored as its type says does not compile", async () => {
  expectTypeOf(values).returns.toEqualTypeOf<Promise<void>>();
  for (const misuse of [values, increments, patches, appends, claims, transactions]) {
    expect(misuse).toBeTypeOf("function");
  }
  await using store = createDataStore();
  expectTypeOf(store.namespace<Jobs>("j").get<"count">).returns.resolves.toEqualTypeOf<
    number | undefined
  >();
});
