import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request, socketClient, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { get, headRevision, set } from "../operations.ts";
import type { TestServer } from "../server.ts";

const setEntry =
  "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision entry { sizeBytes } } }";

/** JSON with this many nested arrays, as the text of a request, which the test itself never parses. */
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe.each(plainDatabases)("G9 G10: limits and errors on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  async function errorOf(document: string, variables: Record<string, unknown> = {}) {
    const { errors, data } = await request(server.url, server.token, document, variables);
    if (!errors) throw new Error(`Not refused: ${JSON.stringify(data)}`);
    expect(errors.length).toBe(1);
    return errors[0] as NonNullable<typeof errors>[number];
  }

  const setWith = (input: Record<string, unknown>) =>
    errorOf(setEntry, { input: { key: "k", value: 1, ...input } });

  describe("input beyond a limit is LIMIT_EXCEEDED, with the limit and its value", () => {
    const kibi = 1024;
    const cases: [string, Record<string, unknown>, string, number, string][] = [
      ["a key", { key: "é".repeat(512) + "x" }, "maxKeyBytes", kibi, "input.key"],
      ["a namespace", { namespace: "n".repeat(257) }, "maxNamespaceBytes", 256, "input.namespace"],
      [
        "a value",
        { value: "x".repeat(kibi * kibi - 1) },
        "maxValueBytes",
        kibi * kibi,
        "input.value",
      ],
      ["a value's depth", { value: JSON.parse(nested(65)) }, "maxValueDepth", 64, "input.value"],
      [
        "metadata",
        { metadata: { a: "x".repeat(16 * kibi) } },
        "maxMetadataBytes",
        16 * kibi,
        "input.metadata",
      ],
    ];
    test.each(cases)("%s", async (_name, input, limit, max, argument) => {
      expect((await setWith(input)).extensions).toEqual({
        code: "LIMIT_EXCEEDED",
        limit,
        max,
        argument,
      });
    });

    test("accepts input exactly at its limit", async () => {
      for (const input of [
        { key: "é".repeat(512), value: 1 },
        { namespace: "n".repeat(256), key: "k", value: 1 },
        { key: "k", value: "x".repeat(kibi * kibi - 2) },
        { key: "k", value: JSON.parse(nested(64)) },
        { key: "k", value: 1, metadata: { a: "x".repeat(16 * kibi - 8) } },
      ]) {
        const { errors } = await request(server.url, server.token, setEntry, { input });
        expect(errors).toBeUndefined();
      }
    });

    test("refuses metadata that becomes too large when it is merged", async () => {
      await set(server, { key: "grows", value: 1, metadata: { a: "x".repeat(9_000) } });
      const { extensions } = await setWith({
        key: "grows",
        value: 2,
        metadata: { b: "x".repeat(9_000) },
      });
      expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "maxMetadataBytes" });
      expect((await get(server, "grows"))?.value).toBe(1);
    });

    test("limits a batch, a page, its keys, a query's text, its tokens and its complexity", async () => {
      const entries = Array.from({ length: 1_001 }, (_, index) => ({ key: `k${index}`, value: 0 }));
      const batch =
        "mutation ($input: SetEntriesInput!) { setEntries(input: $input) { revision } }";
      expect((await errorOf(batch, { input: { entries } })).extensions).toMatchObject({
        limit: "maxBatchOperations",
        max: 1_000,
      });
      expect(
        (await request(server.url, server.token, batch, { input: { entries: entries.slice(1) } }))
          .errors,
      ).toBeUndefined();
      expect((await errorOf("{ entries(first: 501) { nodes { key } } }")).extensions).toMatchObject(
        { limit: "maxPageSize", max: 500 },
      );
      const keys = Array.from({ length: 501 }, (_, index) => `k${index}`);
      expect(
        (
          await errorOf("query ($keys: [String!]) { entries(keys: $keys) { nodes { key } } }", {
            keys,
          })
        ).extensions,
      ).toMatchObject({ limit: "maxPageSize", argument: "keys" });
      expect(
        (await errorOf(`{ entry(key: "${"x".repeat(65_536)}") { key } }`)).extensions,
      ).toMatchObject({ limit: "maxQueryBytes", max: 65_536 });
      expect((await errorOf(`{ ${"viewer ".repeat(5_000)} }`)).extensions.code).toBe(
        "BAD_USER_INPUT",
      );
      const nestedLists =
        "{ namespaces(first: 500) { nodes { entries(first: 500) { nodes { history(first: 500) { nodes { revision } } } } } } }";
      expect((await errorOf(nestedLists)).extensions).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "maxQueryComplexity",
        max: 250_000,
      });
      const aliases = Array.from(
        { length: 250 },
        (_, at) => `a${at}: entries(first: 500) { nodes { key value } }`,
      );
      const many = await request(server.url, server.token, `{ ${aliases.join(" ")} }`);
      expect(many.errors?.[0]?.extensions).toMatchObject({ limit: "maxQueryComplexity" });
      expect(many.data).toBeNull();
    });

    test("ends pages early by their bytes, and limits the bytes that one operation loads", async () => {
      await using own = await start({ maxPageBytes: 10_000, maxResponseBytes: 25_000 });
      for (const key of ["a", "b", "c", "d", "e"])
        await set(own, { key, value: "x".repeat(6_000) });
      const page = "entries { nodes { ...shown } pageInfo { hasNextPage } }";
      const ask = (selection: string, fragment = "key sizeBytes value") =>
        request(own.url, own.token, `{ ${selection} } fragment shown on Entry { ${fragment} }`);
      const one = await ask(
        `${page} changes { nodes { key entry { ...shown } } pageInfo { hasNextPage } }`,
      );
      const shown = (key: string) => ({ key, sizeBytes: 6_005, value: "x".repeat(6_000) });
      expect(one.data).toEqual({
        entries: { nodes: [shown("a"), shown("b")], pageInfo: { hasNextPage: true } },
        changes: {
          nodes: ["a", "b"].map((key) => ({ key, entry: shown(key) })),
          pageInfo: { hasNextPage: true },
        },
      });
      const { data, errors } = await ask(
        `a: ${page} b: ${page} c: ${page}`,
        "key sizeBytes metadata",
      );
      const keys = ["a", "b", "c", "d", "e"];
      const all = {
        nodes: keys.map((key) => ({ key, sizeBytes: 6_005, metadata: {} })),
        pageInfo: { hasNextPage: false },
      };
      expect(errors).toBeUndefined();
      expect(data).toEqual({ a: all, b: all, c: all });
      const three = await ask(`a: ${page} b: ${page} c: ${page}`);
      expect(three.errors?.[0]?.extensions).toMatchObject({
        limit: "maxResponseBytes",
        max: 25_000,
      });
    });

    test("G10: the refusal of a body reaches a client that sends all of it before it reads", async () => {
      await using own = await start({ maxBodyBytes: 100_000 });
      const { hostname, port } = new URL(own.url);
      const socket = connect(Number(port), hostname);
      const body = Buffer.alloc(8_000_000, "x");
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${own.token}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      await promisify(socket.write.bind(socket) as (data: Buffer, done: () => void) => void)(body);
      let answer = "";
      for await (const chunk of socket.setEncoding("utf8")) answer += String(chunk);
      expect(answer).toMatch(/^HTTP\/1.1 413 .*PAYLOAD_TOO_LARGE/s);
    });

    test("refuses a request's body, with or without a length, before it is read", async () => {
      await using own = await start({ maxBodyBytes: 100_000 });
      const value = "x".repeat(100_000);
      const whole = await request(own.url, own.token, setEntry, { input: { key: "k", value } });
      expect(whole).toMatchObject({
        status: 413,
        errors: [{ extensions: { code: "PAYLOAD_TOO_LARGE", max: 100_000 } }],
      });
      const chunked = httpRequest(`${own.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${own.token}`, "content-type": "application/json" },
      });
      chunked.on("error", () => {});
      const answered = once(chunked, "response");
      for (let count = 0; count < 20; count++) chunked.write(value.slice(0, 10_000));
      const [response] = await answered;
      expect(response.statusCode).toBe(413);
      chunked.destroy();
      let code = 0;
      const client = socketClient(
        own.url,
        { token: own.token },
        { onClosed: (closed) => (code = closed) },
      );
      await subscribeOn(client, setEntry, { input: { key: "k", value } })
        .rest()
        .catch(() => {});
      expect(code).toBe(1009);
      expect((await request(own.url, own.token, '{ entry(key: "k") { key } }')).data).toEqual({
        entry: null,
      });
    });
  });

  describe("invalid input is BAD_USER_INPUT, with the argument's path", () => {
    const cases: [string, Record<string, unknown>, string][] = [
      ["an empty key", { key: "" }, "input.key"],
      ["a control character", { key: "a\u0000b" }, "input.key"],
      ["DEL", { key: "a\u007f" }, "input.key"],
      ["a lone surrogate", { key: "a\ud800" }, "input.key"],
      ["a namespace with a line end", { namespace: "a\nb" }, "input.namespace"],
      ["no value", { value: undefined }, "input.value"],
      ["metadata that is a list", { metadata: [1] }, "input.metadata"],
      ["metadata that is a text", { metadata: "x" }, "input.metadata"],
      ["a key that is a number", { key: 5 }, "input.key"],
      ["a field that does not exist", { nothing: 1 }, "input"],
      ["a revision that is not a number", { ifRevision: "latest" }, "input.ifRevision"],
      ["a negative revision", { ifRevision: "-1" }, "input.ifRevision"],
      ["a revision beyond 64 bits", { ifRevision: "9223372036854775808" }, "input.ifRevision"],
    ];
    test.each(cases)("%s", async (_name, input, argument) => {
      const head = await headRevision(server);
      expect((await setWith(input)).extensions).toEqual({ code: "BAD_USER_INPUT", argument });
      expect(await headRevision(server)).toBe(head);
    });

    test.each([
      [
        "a key twice in a batch",
        '{ setEntries(input: { entries: [{ key: "a", value: 1 }, { key: "a", value: 2 }] }) { revision } }',
        "input.entries.1.key",
      ],
      ["an empty batch", "{ setEntries(input: { entries: [] }) { revision } }", "input.entries"],
    ])("%s", async (_name, selection, argument) => {
      const { extensions } = await errorOf(`mutation ${selection}`);
      expect(extensions).toEqual({ code: "BAD_USER_INPUT", argument });
    });

    test.each([
      ["a page of 0 items", "{ entries(first: 0) { nodes { key } } }", "first"],
      ["a negative page", "{ changes(first: -1) { nodes { key } } }", "first"],
      ["an invalid cursor", '{ entries(after: "x") { nodes { key } } }', "after"],
      [
        "another list's cursor",
        `{ entries(after: "${Buffer.from('["a"]').toString("base64url")}") { nodes { key } } }`,
        "after",
      ],
      ["keys and a prefix", '{ entries(keys: ["a"], keyPrefix: "a") { nodes { key } } }', "keys"],
      [
        "a namespace and a prefix",
        '{ entries(namespace: "a", namespacePrefix: "a") { nodes { key } } }',
        "namespacePrefix",
      ],
      ["a revision in the future", '{ changes(after: "99999999") { nodes { key } } }', "after"],
    ])("%s", async (_name, document, argument) => {
      expect((await errorOf(document)).extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        argument,
      });
    });

    test.each([
      ["a body that is not JSON", "nonsense"],
      ["a list", "[]"],
      ["null", "null"],
      ["no query", "{}"],
      ["a query that is a number", '{"query": 5}'],
      ["variables that are a text", '{"query": "{ viewer { user } }", "variables": "x"}'],
      [
        "endless brackets",
        JSON.stringify({ query: `{ setEntry(input: { key: "k", value: ${nested(30_000)} }) }` }),
      ],
      ["nothing", ""],
      ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ])("a request of %s", async (_name, body) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
        body,
      });
      const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
      expect(errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
    });

    test("refuses a mutation by GET", async () => {
      const document = 'mutation { setEntry(input: { key: "get", value: 1 }) { revision } }';
      const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(document)}`, {
        headers: { authorization: `Bearer ${server.token}` },
      });
      expect(response.status).toBe(405);
      expect(await get(server, "get")).toBeNull();
    });
  });

  test("G10: an error of the database is UNAVAILABLE or INTERNAL, and reveals nothing of it", async () => {
    await using own = await start();
    await own.breakDatabase();
    const { errors } = await request(own.url, own.token, "{ entries { nodes { key } } }");
    expect(errors?.[0]?.extensions).toEqual({ code: "INTERNAL", requestId: expect.any(String) });
    expect(errors?.[0]?.message).not.toMatch(/sql|prisma|table|Entry/i);
    const write = await request(own.url, own.token, setEntry, { input: { key: "k", value: 1 } });
    expect(write.errors?.[0]?.extensions).toEqual({
      code: "INTERNAL",
      requestId: expect.any(String),
    });
  });
});
