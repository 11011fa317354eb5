import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request, socketClient, subscribeOn, type Refusal } from "../client.ts";
import { headRevision, set, setMany } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

const repeat = (count: number, part: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => part(at)).join(" ");
const longKeys = Array.from({ length: 180 }, (_, at) => `${at}`.padStart(1_015, "k"));
const list = (shown: string) => `{ entries(first: 180, namespace: "m4") { ${shown} } }`;
const tooMuch = { code: "LIMIT_EXCEEDED", limit: "maxResponseBytes" };

describe("G9: counts each text as often as a response shows it", () => {
  let server: TestServer;
  let client: ReturnType<typeof socketClient>;
  beforeAll(async () => {
    server = await startTestServer();
    client = socketClient(server.url, { token: server.token });
    await setMany(
      server,
      "m4",
      longKeys.map((key) => ({ key, value: 1 })),
    );
    await set(server, { key: "large", value: "x".repeat(1_000_000) });
  });
  afterAll(async () => {
    await client.dispose();
    await server.close();
  });

  const ask = async (document: string) => {
    const { errors } = await request(server.url, server.token, document);
    return errors?.[0]?.extensions;
  };
  const askBySocket = (document: string) =>
    subscribeOn(client, document)
      .next()
      .then(
        () => undefined,
        ({ code, limit }: Refusal & { limit?: unknown }) => ({ code, limit }),
      );

  test.each([
    ["keys", list(`nodes { ${repeat(1_300, (at) => `k${at}: key`)} }`)],
    ["ids", list(`nodes { ${repeat(700, (at) => `k${at}: id`)} }`)],
    ["cursors", list(`edges { ${repeat(700, (at) => `k${at}: cursor`)} }`)],
    ["lists", list(repeat(600, (at) => `k${at}: nodes { key }`))],
    ["lists and edges", list(repeat(300, (at) => `n${at}: nodes { id } e${at}: edges { cursor }`))],
    ["values", `{ entry(key: "large") { ${repeat(70, (at) => `v${at}: value`)} } }`],
    [
      "values in a list shown again",
      `{ entries(namespace: "default", first: 5) { ${repeat(70, (at) => `n${at}: nodes { value }`)} } }`,
    ],
    [
      "values within fragments",
      `{ entry(key: "large") { ...F } } fragment F on Entry { ${repeat(70, (at) => `... { v${at}: value }`)} }`,
    ],
  ])("refuses %s under aliases without delay, over HTTP and a socket", async (_, text) => {
    const begin = performance.now();
    expect(await ask(text)).toMatchObject(tooMuch);
    expect(await askBySocket(text)).toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  test("accepts a few aliases", async () => {
    const { data, errors } = await request(
      server.url,
      server.token,
      '{ entry(key: "large") { a: value b: value metadata c: key d: key } }',
    );
    expect(errors).toBeUndefined();
    expect(data?.entry).toMatchObject({ c: "large", d: "large", metadata: {} });
    expect(data?.entry.b.length).toBe(1_000_000);
  });

  test.each([
    [
      "setEntry",
      `setEntry(input: { key: "new", value: 1 }) { entry { ${repeat(70, (at) => `v${at}: value`)} } }`,
    ],
    [
      "setEntry, its entry shown again",
      `setEntry(input: { key: "new", value: 1 }) { ${repeat(70, (at) => `e${at}: entry { value }`)} }`,
    ],
    [
      "setEntries",
      `setEntries(input: { entries: [${repeat(100, (at) => `{ key: "new${at}", value: 1 }`)}] }) { entries { ${repeat(9, (at) => `v${at}: metadata`)} } }`,
    ],
    [
      "transact",
      `transact(input: { operations: [${repeat(100, (at) => `{ set: { key: "new${at}", value: 1 } }`)}] }) { results { ${repeat(9, (at) => `e${at}: entry { value }`)} } }`,
    ],
    [
      "claimEntry",
      `claimEntry(input: { namespace: "m4" }) { ${repeat(70, (at) => `e${at}: entry { value }`)} }`,
    ],
    [
      "clearNamespaces",
      `clearNamespaces(input: { namespacePrefix: "" }) { ${repeat(70, (at) => `n${at}: namespaces`)} }`,
    ],
  ])("G6: refuses %s before it writes", async (_, mutation) => {
    const before = await headRevision(server);
    expect(await ask(`mutation { ${mutation} }`)).toMatchObject(tooMuch);
    expect(await askBySocket(`mutation { ${mutation} }`)).toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(await headRevision(server)).toBe(before);
  });

  test("refuses a subscription whose events could be too large", async () => {
    const values = repeat(70, (at) => `v${at}: value`);
    expect(
      await askBySocket(`subscription { entryChanged { entry { ${values} } } }`),
    ).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("refuses a long alias", async () => {
    const alias = "a".repeat(129);
    expect(await ask(`{ ${alias}: viewer { user } }`)).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxAliasLength",
    });
    expect(await ask(`{ ${alias.slice(1)}: viewer { user } }`)).toBeUndefined();
  });

  test("refuses several lists of large values and long keys, without INTERNAL", async () => {
    await using small = await startTestServer({ maxResponseBytes: 4_000_000 });
    const keys = longKeys.slice(0, 4);
    for (const key of keys) await set(small, { namespace: "m2", key, value: "x".repeat(200_000) });
    const lists = repeat(
      5,
      (at) => `l${at}: entries(namespace: "m2", keys: $a) { nodes { ...F } }`,
    );
    const fields = `${repeat(8, (at) => `a${at}: value`)} ${repeat(440, (at) => `k${at}: key`)}`;
    const document = `query ($a: [String!]) { ${lists} } fragment F on Entry { ${fields} }`;
    const { errors } = await request(small.url, small.token, document, { a: keys });
    expect(errors?.[0]?.extensions).toMatchObject(tooMuch);
  });

  test("counts the names of deleted entries, of namespaces and of their agents", async () => {
    await using small = await startTestServer({ maxResponseBytes: 100_000 });
    const key = longKeys[0] ?? "";
    await set(small, { namespace: "n".repeat(200), key: "k", value: 1 });
    await set(small, { key, value: 1 });
    const deletion = `mutation { deleteEntry(input: { key: "${key}" }) { deleted } }`;
    await request(small.url, small.token, deletion);
    for (const document of [
      `{ changes(key: "${key}") { nodes { ${repeat(200, (at) => `k${at}: key`)} } } }`,
      `{ namespaces { nodes { ${repeat(700, (at) => `k${at}: name`)} } } }`,
      `{ namespaces(first: 3) { nodes { ${repeat(700, (at) => `k${at}: agents`)} } } }`,
      `{ searchEntries(text: "kkk") { nodes { ${repeat(700, (at) => `k${at}: snippet`)} } } }`,
    ]) {
      if (document.includes("search")) await set(small, { key, value: 1 });
      const { errors } = await request(small.url, small.token, document);
      expect(errors?.[0]?.extensions).toMatchObject(tooMuch);
    }
  });

  test.each(["skip", "include"])(
    "a subscription's own field with @%s is refused with the reason",
    async (name) => {
      for (const [variables, condition] of [
        ["", "true"],
        ["($s: Boolean!)", "$s"],
      ]) {
        for (const document of [
          `subscription ${variables} { entryChanged @${name}(if: ${condition}) { kind } }`,
          `subscription ${variables} { ...F } fragment F on Subscription { entryChanged @${name}(if: ${condition}) { kind } }`,
        ]) {
          const { errors } = await request(server.url, server.token, document, { s: true });
          expect(errors?.[0]?.message).toContain("The root field of a subscription cannot have @");
        }
      }
    },
  );
});
