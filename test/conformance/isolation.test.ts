import { isObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TokenGrant } from "../beside-servers.ts";
import { schema } from "../../src/schema/schema.ts";
import { request, Refusal, subscribe } from "../client.ts";
import { databases } from "../databases.ts";
import { get, headRevision, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { attempts } from "./isolation-attempts.ts";

/** The output of an operation until its end or, for a subscription, until a later write of its user. */
interface Outcome {
  readonly codes: readonly string[];
  readonly text: string;
}

describe.each(databases)("G1: isolation on $name", ({ start }) => {
  let server: TestServer;
  let mine: Record<string, any>;
  let strangers = 0;
  beforeAll(async () => {
    server = await start();
    await set(server, { namespace: "mine:1", key: "secret", value: "confidential at first" });
    mine = (
      await set(
        server,
        {
          namespace: "mine:1",
          key: "secret",
          value: "confidential",
          metadata: { note: "confidential" },
        },
        { agent: "confidential" },
      )
    ).entry;
  });
  afterAll(() => server.close());

  async function attempt(operation: string, token: string): Promise<Outcome> {
    if (!operation.startsWith("subscription")) {
      const { data, errors = [] } = await request(server.url, token, operation);
      return {
        codes: errors.map(({ extensions }) => extensions.code),
        text: JSON.stringify(data ?? null) + errors.map(({ message }) => message).join(),
      };
    }
    await using events = subscribe(server, operation, {}, token);
    const delivered = events
      // Counts arrive immediately, and say nothing about values.
      .until((event) => !("kind" in event) || event.entry?.value === "own")
      .then(
        (seen): Outcome => ({ codes: [], text: JSON.stringify(seen) }),
        (error: unknown): Outcome => {
          if (error instanceof Refusal) return { codes: [error.code], text: error.message };
          throw error;
        },
      );
    // The last change that this subscription can deliver, which marks the end.
    const grant = grants.get(token) ?? {};
    const named = /namespace: "([^"]+)", key: "([^"]+)"/.exec(operation);
    const [, namespace = "mine:touch", key = "touch"] = (grant.userId && named) || [];
    const own = await server.createToken({ ...grant, scopes: ["read", "write"] });
    await set(server, { namespace, key, value: "own" }, { token: own.secret });
    return await delivered;
  }

  const grants = new Map<string, Partial<TokenGrant>>();

  async function tokenWith(grant: Partial<TokenGrant>): Promise<string> {
    const { secret } = await server.createToken(grant);
    grants.set(secret, grant);
    return secret;
  }

  async function expectUntouched(): Promise<void> {
    expect(await get(server, "secret", "mine:1")).toEqual(mine);
  }

  test("every query, mutation and subscription field is attempted", () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const all = roots.flatMap((type) =>
      isObjectType(type)
        ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
        : [],
    );
    const tried = new Set(Object.keys(attempts).map((name) => name.split(",")[0]));
    expect(all.filter((field) => !tried.has(field))).toEqual([]);
  });

  test("every path from a namespace or an entry to others is attempted", () => {
    const reaching = ["Entry", "Namespace", "Viewer", "EntryChange"].flatMap((name) => {
      const type = schema.getType(name);
      return isObjectType(type)
        ? Object.values(type.getFields())
            .filter(
              ({ args, type: result }) => args.length > 0 || /Usage|Entry/.test(String(result)),
            )
            .map((field) => field.name)
        : [];
    });
    const text = Object.values(attempts)
      .map(({ operation }) => operation)
      .join();
    expect(reaching.filter((field) => !new RegExp(`\\b${field}\\b`).test(text))).toEqual([]);
  });

  describe.each(Object.entries(attempts))("%s", (_name, { operation, needs, names, refusal }) => {
    test("as another user: as if nothing existed", async () => {
      const token = await tokenWith({ userId: `stranger ${++strangers}` });
      const { codes, text } = await attempt(operation, token);
      expect(codes).toEqual(refusal === undefined ? [] : [refusal]);
      expect(text).not.toContain("confidential");
      await expectUntouched();
    });

    test("with a token for other namespaces: the permitted part, and FORBIDDEN if the namespace is named", async () => {
      const token = await tokenWith({
        namespacePatterns: ["mine:10", "mine:2*", "min", "mine:touch"],
      });
      const { codes, text } = await attempt(operation, token);
      expect(codes).toEqual(names ? ["FORBIDDEN"] : []);
      expect(text).not.toContain("confidential");
      await expectUntouched();
    });

    test("with a token that lacks the scope: FORBIDDEN", async () => {
      const scope = needs === "read" ? "write" : "read";
      const token = await tokenWith({ scopes: [scope] });
      const { codes } = await attempt(operation, token);
      expect(codes).toEqual(needs === "nothing" ? [] : ["FORBIDDEN"]);
      await expectUntouched();
    });
  });

  test("without a token, and with an unknown, a revoked and an expired one: UNAUTHENTICATED", async () => {
    const revoked = await server.createToken();
    await server.revokeToken(revoked.tokenId);
    const expired = await server.createToken({ expiresAt: new Date(Date.now() - 1) });
    for (const token of [null, "baton_unknown", revoked.secret, expired.secret]) {
      for (const { operation } of Object.values(attempts)) {
        const { status, data, errors } = await request(server.url, token, operation);
        expect(status, operation).toBe(401);
        expect(data).toBeUndefined();
        expect(errors?.map(({ extensions }) => extensions.code)).toEqual(["UNAUTHENTICATED"]);
      }
      await expectUntouched();
    }
  });

  test("a token limited to namespaces sees and clears only the permitted part of a prefix", async () => {
    await set(server, { namespace: "part:1", key: "k", value: 1 });
    await set(server, { namespace: "part:2", key: "k", value: 2 });
    const token = await tokenWith({ namespacePatterns: ["part:1", "other:*"] });
    const { data } = await request(
      server.url,
      token,
      `{ entries(namespacePrefix: "part:") { nodes { namespace } } namespaces { nodes { name } } changes { nodes { namespace } } viewer { usage { entryCount } } }`,
    );
    expect(data).toEqual({
      entries: { nodes: [{ namespace: "part:1" }] },
      namespaces: { nodes: [{ name: "part:1" }] },
      changes: { nodes: [{ namespace: "part:1" }] },
      viewer: { usage: { entryCount: 1 } },
    });
    const cleared = await request(
      server.url,
      token,
      `mutation { clearNamespaces(input: { namespacePrefix: "part:" }) { clearedCount namespaces } }`,
    );
    expect(cleared.data?.clearNamespaces).toEqual({ clearedCount: 1, namespaces: ["part:1"] });
    expect((await get(server, "k", "part:2"))?.value).toBe(2);
  });

  test("a token without the scope read clears, and does not receive the names", async () => {
    const token = await tokenWith({ scopes: ["write"], namespacePatterns: ["unread:*"] });
    await set(server, { namespace: "unread:1", key: "k", value: 1 });
    const clears = (fields: string) =>
      request(
        server.url,
        token,
        `mutation { clearNamespaces(input: { namespacePrefix: "" }) { ${fields} } }`,
      );
    expect((await clears("namespaces")).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
    expect((await clears("clearedCount")).data).toEqual({ clearNamespaces: { clearedCount: 1 } });
  });

  test("a conflict shows a token without the scope read neither the revision nor the value", async () => {
    const token = await tokenWith({ scopes: ["write"] });
    const { errors } = await request(
      server.url,
      token,
      `mutation { setEntry(input: { namespace: "mine:1", key: "secret", value: 1, ifRevision: "0" }) { revision } }`,
    );
    expect(errors?.[0]?.extensions).toEqual({
      code: "CONFLICT",
      argument: "input.ifRevision",
      namespace: "mine:1",
      key: "secret",
    });
    expect(errors?.[0]?.message).not.toContain(mine.revision);
  });

  test("a token without the scope read writes, and is refused before the write if it requests the entry", async () => {
    const token = await tokenWith({ scopes: ["write"] });
    const head = await headRevision(server);
    for (const payload of [
      "entry { metadata }",
      "...P } } fragment P on SetEntryPayload { ... { entry { key } }",
    ]) {
      const document = `mutation { setEntry(input: { namespace: "mine:1", key: "secret", value: 1 }) { ${payload}`;
      const closed = document.includes("fragment") ? `${document} }` : `${document} } }`;
      const { errors } = await request(server.url, token, closed);
      expect(errors?.[0]?.extensions).toMatchObject({ code: "FORBIDDEN", requiredScope: "read" });
    }
    expect(await headRevision(server)).toBe(head);
    const { data } = await request(
      server.url,
      token,
      `mutation { setEntry(input: { namespace: "written", key: "k", value: 1 }) { revision } }`,
    );
    expect(data?.setEntry.revision).toBe(String(BigInt(head) + 1n));
  });

  test("the agent is the token's or, if the token has none, the caller's", async () => {
    const bound = await server.createToken({ agent: "parser" });
    const asParser = await set(server, { key: "agent", value: 1 }, { token: bound.secret });
    expect(asParser.entry.updatedBy).toBe("parser");
    const asOther = await set(
      server,
      { key: "agent", value: 1 },
      { token: bound.secret, agent: "other" },
    );
    expect(asOther.entry.updatedBy).toBe("parser");
    const said = await set(server, { key: "agent", value: 1 }, { agent: "said" });
    expect(said.entry.updatedBy).toBe("said");
  });

  test("the logs of two users are numbered independently", async () => {
    const token = await tokenWith({ userId: "fresh" });
    const first = await set({ url: server.url, token }, { key: "k", value: 1 });
    expect(first.revision).toBe("1");
    expect(BigInt(await headRevision(server))).toBeGreaterThan(1n);
  });
});

// On one database: each one refuses such tokens above, and ending subscriptions needs nothing more from it.
test.each(["revoked", "expired"])(
  "G1: the open subscriptions of a token that is %s end within 5 s, and others continue",
  async (how) => {
    await using server = await startTestServer();
    const soon = new Date(Date.now() + 1_500);
    const { tokenId, secret } = await server.createToken(
      how === "expired" ? { expiresAt: soon } : {},
    );
    const { revision } = await set(server, { key: "tick", value: 1 });
    const document = `subscription { entryChanged(after: "${BigInt(revision) - 1n}") { key } }`;
    await using other = subscribe(server, document);
    await using ended = subscribe(server, document, {}, secret);
    await ended.take(1);
    const begin = Date.now();
    if (how === "revoked") await server.revokeToken(tokenId);
    const error = await ended.rest().catch((reason: unknown) => reason);
    expect((error as Refusal).code).toBe("UNAUTHENTICATED");
    expect(Date.now() - begin).toBeLessThan(5_000);
    const write = `mutation { setEntry(input: { key: "refused", value: 1 }) { revision } }`;
    expect((await request(server.url, secret, write)).status).toBe(401);
    const refused = await subscribe(server, write, {}, secret)
      .rest()
      .catch((reason: unknown) => reason);
    expect((refused as Refusal).code).toBe("UNAUTHENTICATED");
    await set(server, { key: "after", value: 1 });
    await other.until(({ key }) => key === "after");
  },
);
