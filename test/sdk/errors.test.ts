import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as sdk from "../../src/client/index.ts";
import { errorCodes, errorOf } from "../../src/client/errors.ts";
import * as server from "../../src/errors.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "./sdk-store.ts";

const { BatonError, createDataStore } = sdk;

test("the client knows all codes of the API, and has a class for each", () => {
  expect(errorCodes).toEqual(server.errorCodes);
  const classes = errorCodes.map((code) => errorOf({ message: "m", extensions: { code } }));
  expect(new Set(classes.map((error) => error.constructor)).size).toBe(errorCodes.length);
  for (const error of classes) {
    expect(Object.values(sdk)).toContain(error.constructor);
    expect(error).toBeInstanceOf(BatonError);
    expect(error.name).toBe(error.constructor.name);
    expect(String(error)).toBe(`${error.name} [${error.code}]: m`);
    expect(error.stack).toContain(`${error.name}: m`);
  }
  for (const error of [errorOf({ message: "m" }), new sdk.TimeoutError("m")]) {
    expect(String(error)).toBe(`${error.constructor.name} [${error.code}]: m`);
  }
});

describe("errors of the SDK", () => {
  let running: TestServer;
  beforeAll(async () => {
    running = await startTestServer({ maxBodyBytes: 50_000, maxValueBytes: 1_000 });
  });
  afterAll(() => running.close());

  const refusal = (call: Promise<unknown>) =>
    call.then(() => null).catch((error: unknown) => error);

  test("G10: each refusal has the class of its code, with the server's details", async () => {
    await using store = storeOf(running);
    const any = store.namespace("any");
    const unknown = createDataStore({ url: running.url, token: "baton_unknown" });
    expect(await refusal(unknown.viewer())).toBeInstanceOf(sdk.UnauthenticatedError);
    const none = createDataStore({ url: running.url, token: "" });
    expect(await refusal(none.viewer())).toBeInstanceOf(sdk.UnauthenticatedError);
    const { secret } = await running.createToken({ namespacePatterns: ["mine"] });
    const limited = storeOf({ ...running, token: secret });
    const forbidden = await refusal(limited.namespace("any").get("k"));
    expect(forbidden).toBeInstanceOf(sdk.ForbiddenError);
    expect(forbidden).toMatchObject({ code: "FORBIDDEN", details: { namespace: "any" } });
    const bad = await refusal(any.set("", 1));
    expect(bad).toBeInstanceOf(sdk.BadUserInputError);
    expect(bad).toMatchObject({ argument: "input.key" });
    const large = await refusal(any.set("k", "x".repeat(2_000)));
    expect(large).toBeInstanceOf(sdk.LimitExceededError);
    expect(large).toMatchObject({ limit: "maxValueBytes", max: 1_000 });
    const tooLarge = await refusal(any.set("k", "x".repeat(60_000)));
    expect(tooLarge).toBeInstanceOf(sdk.PayloadTooLargeError);
    expect(await any.get("k")).toBeUndefined();
  });

  test("a token with only the scope write can clear and delete; other writes are refused before they are applied", async () => {
    await using store = storeOf(running);
    await store.namespace("written").set("k", 1);
    const { secret } = await running.createToken({ scopes: ["write"] });
    const writer = storeOf({ ...running, token: secret }).namespace("written");
    expect(await refusal(writer.set("k", 2))).toBeInstanceOf(sdk.ForbiddenError);
    expect(await store.namespace("written").get("k")).toBe(1);
    expect(await writer.delete("k")).toBe(true);
    expect(await writer.clear()).toBe(0);
  });

  const calls: Record<string, (store: sdk.DataStore, signal: AbortSignal) => Promise<unknown>> = {
    get: (store, signal) => store.namespace().get("k", { signal }),
    entry: (store, signal) => store.namespace().entry("k", { signal }),
    set: (store, signal) => store.namespace().set("k", 1, { signal }),
    delete: (store, signal) => store.namespace().delete("k", { signal }),
    keys: (store, signal) => store.namespace().keys({ signal }),
    entries: (store, signal) => store.namespace().entries({ signal }).next(),
    getAll: (store, signal) => store.namespace().getAll({ signal }),
    getMany: (store, signal) => store.namespace().getMany(["k"], { signal }),
    setMany: (store, signal) => store.namespace().setMany({ k: 1 }, { signal }),
    clear: (store, signal) => store.namespace().clear({ signal }),
    update: (store, signal) => store.namespace().update("k", () => 1, { signal }),
    increment: (store, signal) => store.namespace().increment("n", { signal }),
    patch: (store, signal) => store.namespace().patch("k", {}, { signal }),
    create: (store, signal) => store.namespace().create(1, { signal }),
    deleteMany: (store, signal) => store.namespace().deleteMany(["k"], { signal }),
    append: (store, signal) => store.namespace().append("l", 1, { signal }),
    waitFor: (store, signal) => store.namespace().waitFor("k", { signal }),
    watch: (store, signal) => store.namespace().watch({ signal }).next(),
    history: (store, signal) => store.namespace().history("k", { signal }).next(),
    claim: (store, signal) => store.namespace().claim({ signal }),
    deadLetters: (store, signal) => store.namespace().deadLetters({ signal }).next(),
    requeue: (store, signal) => store.namespace().requeue("k", { signal }),
    reopen: (store, signal) => store.namespace().reopen("k", { signal }),
    info: (store, signal) => store.namespace().info({ signal }),
    "store.namespaces": (store, signal) => store.namespaces({ signal }),
    "store.namespaceNames": (store, signal) => store.namespaceNames({ signal }).next(),
    "store.clear": (store, signal) => store.clear("", { signal }),
    "store.transact": (store, signal) => store.transact((t) => t.in("n").set("k", 1), { signal }),
    "store.watch": (store, signal) => store.watch({ signal }).next(),
    "store.search": (store, signal) => store.search("text", { signal }).next(),
    "store.viewer": (store, signal) => store.viewer({ signal }),
    "store.usage": (store, signal) => store.usage({ signal }),
    "store.graphql": (store, signal) => store.graphql("{ viewer { user } }", {}, { signal }),
  };

  test("every method that calls the server accepts a signal, and is listed here", () => {
    const methodsOf = (prototype: object) =>
      Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
    const all = [
      ...methodsOf(sdk.Namespace.prototype),
      ...methodsOf(sdk.DataStore.prototype).map((name) => `store.${name}`),
    ];
    const local = ["store.namespace", "store.close"];
    expect(all.filter((name) => !local.includes(name)).toSorted()).toEqual(
      Object.keys(calls).toSorted(),
    );
  });

  test.each(Object.keys(calls))("%s rejects with the reason of an aborted signal", async (name) => {
    await using store = storeOf(running);
    const reason = new Error("enough");
    const call = calls[name] as (typeof calls)[string];
    expect(await refusal(call(store, AbortSignal.abort(reason)))).toBe(reason);
  });
});
