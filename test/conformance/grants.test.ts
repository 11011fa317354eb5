import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Grant, Scope } from "../../src/store/model/grant.ts";
import { query, refusal, request, subscribe } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { get, mutate, set } from "../operations.ts";
import type { TestServer } from "../server.ts";

const grant = (namespacePattern: string, ...scopes: Scope[]): Grant => ({
  scopes,
  namespacePattern,
});

describe.each(plainDatabases)("grants on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  async function tokenWith(...grants: Grant[]): Promise<{ readonly token: string }> {
    return { token: (await server.createToken({ grants })).secret };
  }
  const forbidden = async (call: Promise<unknown>) => {
    const { extensions } = await refusal(call);
    expect(extensions.code).toBe("FORBIDDEN");
    return extensions;
  };

  test("G1: each grant gives its scopes only in its namespaces", async () => {
    await set(server, { namespace: "files:a", key: "k", value: 1 });
    await set(server, { namespace: "other", key: "k", value: 1 });
    const as = await tokenWith(grant("files:*", "read"), grant("summary:*", "write"));
    expect((await get(server, "k", "files:a", as))?.value).toBe(1);
    const write = (namespace: string, fields: string) =>
      mutate(server, "setEntry", fields, { namespace, key: "k", value: 2 }, as);
    await write("summary:a", "revision");
    expect(await forbidden(write("files:a", "revision"))).toMatchObject({
      namespace: "files:a",
      requiredScope: "write",
    });
    // The response of a write needs the scope read.
    expect(await forbidden(write("summary:b", "entry { value }"))).toMatchObject({
      namespace: "summary:b",
      requiredScope: "read",
    });
    expect(await forbidden(write("other", "revision"))).toEqual({
      code: "FORBIDDEN",
      namespace: "other",
    });
    expect(await get(server, "k", "summary:b")).toBeNull();
    await forbidden(get(server, "k", "summary:a", as));
    await forbidden(get(server, "k", "other", as));
  });

  test("G1: lists, searches, changes and usage show readable namespaces, not writable ones", async () => {
    for (const namespace of ["lists:read", "lists:written"]) {
      await set(server, { namespace, key: "k", value: "listed text" });
    }
    const as = await tokenWith(grant("lists:read", "read"), grant("lists:*", "write", "claim"));
    const data = await query(
      server,
      `{ entries { nodes { namespace } } namespaces { nodes { name } } viewer { usage { entryCount } scopes namespacePatterns grants { scopes namespacePattern } }
         searchEntries(text: "listed text") { nodes { entry { namespace } } } changes(namespacePrefix: "lists:") { nodes { namespace } } }`,
      {},
      as,
    );
    expect(data).toEqual({
      entries: { nodes: [{ namespace: "lists:read" }] },
      namespaces: { nodes: [{ name: "lists:read" }] },
      searchEntries: { nodes: [{ entry: { namespace: "lists:read" } }] },
      changes: { nodes: [{ namespace: "lists:read" }] },
      viewer: {
        usage: { entryCount: 1 },
        scopes: ["READ", "WRITE", "CLAIM"],
        namespacePatterns: ["lists:read", "lists:*"],
        grants: [
          { scopes: ["READ"], namespacePattern: "lists:read" },
          { scopes: ["WRITE", "CLAIM"], namespacePattern: "lists:*" },
        ],
      },
    });
  });

  test("G1: a subscription delivers readable namespaces, not writable ones", async () => {
    const as = await tokenWith(grant("live:read", "read"), grant("live:*", "write"));
    const { head } = (await query(server, "{ viewer { head: headRevision } }")).viewer;
    await using events = subscribe(
      server,
      `subscription { entryChanged(namespacePrefix: "live:", after: "${head}") { namespace } }`,
      {},
      as.token,
    );
    await set(server, { namespace: "live:written", key: "k", value: 1 });
    await set(server, { namespace: "live:read", key: "k", value: 1 });
    expect(await events.next()).toEqual({ namespace: "live:read" });
  });

  test("G1: clearing by a prefix clears the writable part, and names it only if all of it is readable", async () => {
    const namespaces = ["clear:both", "clear:read", "clear:write"];
    for (const namespace of namespaces) await set(server, { namespace, key: "k", value: 1 });
    const as = await tokenWith(
      grant("clear:both", "read", "write"),
      grant("clear:read", "read"),
      grant("clear:write", "write"),
    );
    const clear = (fields: string) =>
      mutate(server, "clearNamespaces", fields, { namespacePrefix: "clear:" }, as);
    await forbidden(clear("namespaces"));
    expect(await clear("clearedCount")).toEqual({ clearedCount: 2 });
    expect(await get(server, "k", "clear:read")).not.toBeNull();
  });

  test("G1: many grants show, count and clear their part of more namespaces than one statement examines", async () => {
    const names = Array.from({ length: 700 }, (_, at) => `many:${String(at).padStart(3, "0")}`);
    const operations = names.map((namespace) => ({ set: { namespace, key: "k", value: 1 } }));
    await mutate(server, "transact", "revision", { operations });
    const grants = Array.from({ length: 35 }, (_, at) =>
      grant(`many:${String(2 * at).padStart(2, "0")}*`, "read", "write"),
    );
    const others = Array.from({ length: 60 }, (_, at) => grant(`other:${at}:*`, "read"));
    const as = await tokenWith(...others, grant("many:695", "read"), ...grants.toReversed());
    const readable = names.filter((name) => Number(name[6]) % 2 === 0 || name === "many:695");
    const listed: string[] = [];
    for (let after: string | null = null; ;) {
      const document = `query ($after: String) {
        namespaces(first: 200, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } }
      }`;
      const data: Record<string, any> = await query(server, document, { after }, as);
      const { nodes, pageInfo } = data["namespaces"];
      listed.push(...nodes.map(({ name }: { name: string }) => name));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(listed).toEqual(readable);
    const data = await query(
      server,
      `{ viewer { usage { namespaceCount } } entries(namespacePrefix: "many:", first: 400) { nodes { namespace } } }`,
      {},
      as,
    );
    expect(data.viewer.usage.namespaceCount).toBe(351);
    expect(data.entries.nodes.map(({ namespace }: any) => namespace)).toEqual(readable);
    const { clearedCount } = await mutate(
      server,
      "clearNamespaces",
      "clearedCount",
      { namespacePrefix: "many:" },
      as,
    );
    expect(clearedCount).toBe(350);
  });

  test("G1: a conflict shows the value only of a readable namespace", async () => {
    for (const namespace of ["conflict:read", "conflict:written"]) {
      await set(server, { namespace, key: "k", value: "there" });
    }
    const as = await tokenWith(grant("conflict:read", "read"), grant("conflict:*", "write"));
    const setIf = (namespace: string) =>
      refusal(
        mutate(
          server,
          "setEntry",
          "revision",
          { namespace, key: "k", value: 1, ifRevision: "0" },
          as,
        ),
      );
    expect((await setIf("conflict:read")).extensions).toMatchObject({ currentValue: "there" });
    expect((await setIf("conflict:written")).extensions).not.toHaveProperty("currentValue");
  });

  test("G1, G11: claim is a separate scope: without it nothing is claimed, and alone it writes only results", async () => {
    const worker = await tokenWith(grant("tasks", "claim", "read"));
    const producer = await tokenWith(grant("tasks", "write"));
    const task = { namespace: "tasks", key: "t" };
    await mutate(server, "setEntry", "revision", { ...task, value: 1 }, producer);
    const claim = (as: { token: string }) =>
      mutate(server, "claimEntry", "claim { token }", { namespace: "tasks" }, as);
    expect(await forbidden(claim(producer))).toMatchObject({ requiredScope: "claim" });
    const held = { ...task, token: (await claim(worker)).claim.token };
    expect(
      await forbidden(mutate(server, "setEntry", "revision", { ...task, value: 2 }, worker)),
    ).toMatchObject({ requiredScope: "write" });
    for (const mutation of ["renewClaim", "releaseClaim", "failClaim", "completeClaim"]) {
      const refused = await forbidden(mutate(server, mutation, "revision", held, producer));
      expect(refused).toMatchObject({ requiredScope: "claim" });
    }
    await mutate(server, "renewClaim", "revision", held, worker);
    const counted = [{ increment: { namespace: "tasks", key: "n", path: "" } }];
    await forbidden(
      mutate(server, "completeClaim", "revision", { ...held, operations: counted }, worker),
    );
    const { entry } = await mutate(
      server,
      "completeClaim",
      "entry { value }",
      { ...held, value: "done" },
      worker,
    );
    expect(entry).toEqual({ value: "done" });
    const requeued = mutate(server, "reopenEntry", "reopened", task, worker);
    expect(await forbidden(requeued)).toMatchObject({ requiredScope: "write" });
  });

  test("G1: refuses a transaction before it writes if its response would show namespaces that the token cannot read", async () => {
    const as = await tokenWith(grant("t:*", "write"), grant("t:1", "read"));
    const operations = ["t:1", "t:2"].map((namespace) => ({
      set: { namespace, key: "k", value: 1 },
    }));
    const transact = (fields: string) => mutate(server, "transact", fields, { operations }, as);
    await forbidden(transact("results { entry { value } }"));
    expect(await get(server, "k", "t:1")).toBeNull();
    await transact("revision");
  });

  test("a token without grants is refused everywhere", async () => {
    const { token } = await tokenWith();
    const { errors } = await request(server.url, token, `{ entries { nodes { key } } }`);
    expect(errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  });
});
