import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDataStore } from "../../src/client/index.ts";
import { exportStore } from "../../src/transfer/export-store.ts";
import { Sequence } from "../../src/transfer/sequence.ts";
import { databases } from "../databases.ts";
import { events, get, post, RawSocket } from "../raw-client.ts";
import type { TestServer } from "../server.ts";
import { importFile } from "../transfer/fill.ts";

/** Values that a parser changes: each as it is sent, and as it must be returned. */
const values: [string, string, string][] = [
  ["an integer beyond 2^53", "12345678901234567890", "12345678901234567890"],
  ["1.0", "1.0", "1.0"],
  ["1e400", "1e400", "1e400"],
  ["1e-400, which a float would make 0", "1e-400", "1e-400"],
  ["-0", "-0", "-0"],
  ["names that are digits", '{"b":1,"1":2}', '{"b":1,"1":2}'],
  ["__proto__", '{"__proto__":{"a":1.0},"a":2}', '{"__proto__":{"a":1.0},"a":2}'],
  ["whitespace", ' { "a" : [ 1 , 1.50 ] ,\n"b":"x  y" } ', '{"a":[1,1.50],"b":"x  y"}'],
  ["null in a list", "[null,-0.0]", "[null,-0.0]"],
  ["toJSON and then", '{"toJSON":1.0,"then":{}}', '{"toJSON":1.0,"then":{}}'],
];

const quoted = JSON.stringify;
const body = (query: string, variables: string) =>
  `{"query":${quoted(query)},"variables":${variables}}`;
const entryQuery = (namespace: string) =>
  `{ entry(namespace: "${namespace}", key: "k") { value metadata } }`;

describe.each(databases)("G13: fidelity on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  let count = 0;
  const newNamespace = () => `n${++count}`;

  async function mutate(field: string, input: string, selection = "revision"): Promise<string> {
    const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input!`;
    const query = `mutation ($input: ${type}) { ${field}(input: $input) { ${selection} } }`;
    const answer = await post(server, body(query, input.replace(/^/, '{"input":') + "}"));
    expect(answer).not.toContain('"errors"');
    return answer;
  }

  async function expectHeld(namespace: string, value: string, metadata = "{}"): Promise<void> {
    expect((await post(server, body(entryQuery(namespace), "{}"))).trimEnd()).toBe(
      `{"data":{"entry":{"value":${value},"metadata":${metadata}}}}`,
    );
  }

  describe.each(values)("%s", (_name, sent, kept) => {
    const place = (namespace: string) => `"namespace":"${namespace}","key":"k"`;

    test.each<[string, (namespace: string) => Promise<unknown>]>([
      ["setEntry", (n) => mutate("setEntry", `{${place(n)},"value":${sent}}`)],
      [
        "setEntry, with the variables before the query",
        (n) =>
          post(
            server,
            `{"variables":{"input":{"value":${sent},${place(n)}}},"query":"mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }"}`,
          ),
      ],
      [
        "a variable inside a literal",
        (n) =>
          post(
            server,
            body(
              `mutation ($v: JSON) { setEntry(input: {namespace: "${n}", key: "k", value: $v}) { revision } }`,
              `{"v":${sent}}`,
            ),
          ),
      ],
      [
        "setEntries",
        (n) => mutate("setEntries", `{"namespace":"${n}","entries":[{"key":"k","value":${sent}}]}`),
      ],
      [
        "transact",
        (n) => mutate("transact", `{"operations":[{"set":{${place(n)},"value":${sent}}}]}`),
      ],
      [
        "completeClaim",
        async (n) => {
          await mutate("setEntry", `{${place(n)},"value":1}`);
          const claimed = await mutate("claimEntry", `{"namespace":"${n}"}`, "claim { token }");
          const token = /"token":("[^"]+")/.exec(claimed)?.[1];
          await mutate("completeClaim", `{${place(n)},"token":${token},"value":${sent}}`);
        },
      ],
      [
        "a WebSocket",
        async (n) => {
          await using socket = new RawSocket(server);
          await socket.take(1, "connection_ack");
          const payload = body(
            "mutation ($input: SetEntryInput!) { setEntry(input: $input) { entry { value } revision } }",
            `{"input":{${place(n)},"value":${sent}}}`,
          );
          socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
          expect((await socket.take(1))[0]).toContain(`{"entry":{"value":${kept}},`);
        },
      ],
    ])("is kept by %s", async (_way, write) => {
      const namespace = newNamespace();
      await write(namespace);
      await expectHeld(namespace, kept);
    });

    test("is kept inside values that patch, append, increment and metadata change", async () => {
      const namespace = newNamespace();
      await mutate("patchEntry", `{${place(namespace)},"patch":{"odd":${sent},"n":1}}`);
      await mutate("incrementEntry", `{${place(namespace)},"path":"/n","by":1.0}`);
      await mutate(
        "patchEntry",
        `{${place(namespace)},"patch":{"x":{"y":2.50}},"metadata":{"m":1.0}}`,
      );
      await mutate("appendToEntry", `{"namespace":"${namespace}","key":"list","value":${sent}}`);
      await mutate("appendToEntry", `{"namespace":"${namespace}","key":"list","value":${sent}}`);
      await mutate(
        "incrementEntry",
        `{${place(namespace)},"path":"/n","by":-2,"metadata":{"odd":${sent}}}`,
      );
      await expectHeld(namespace, merged(kept), `{"m":1.0,"odd":${kept}}`);
      const list = `{ entry(namespace: "${namespace}", key: "list") { value } }`;
      expect(await get(server, list)).toContain(`{"entry":{"value":[${kept},${kept}]}}`);
    });

    test("is shown by every reader", async () => {
      const namespace = newNamespace();
      await mutate("setEntry", `{${place(namespace)},"value":${sent},"metadata":{"m":${sent}}}`);
      const shown = `"value":${kept},"metadata":{"m":${kept}}`;
      const reads = [
        entryQuery(namespace),
        `{ entries(namespace: "${namespace}") { nodes { value metadata } } }`,
        `{ namespace(name: "${namespace}") { entry(key: "k") { value metadata } } }`,
        `{ entry(namespace: "${namespace}", key: "k") { history { nodes { entry { value metadata } } } } }`,
        `{ changes(namespace: "${namespace}") { nodes { entry { value metadata } } } }`,
        `{ awaitEntry(namespace: "${namespace}", key: "k") { value metadata } }`,
      ];
      for (const query of reads) {
        expect(await post(server, body(query, "{}"))).toContain(shown);
        expect(await get(server, query)).toContain(shown);
      }
      const subscription = `subscription { entryChanged(namespace: "${namespace}", snapshot: true) { kind entry { value metadata } } }`;
      expect((await events(server, subscription, 1))[0]).toContain(shown);
      await using socket = new RawSocket(server);
      await socket.take(1, "connection_ack");
      socket.send(`{"id":"1","type":"subscribe","payload":{"query":${quoted(subscription)}}}`);
      expect((await socket.take(2))[0]).toContain(shown);
      // Live, and from the log.
      await mutate("setEntry", `{${place(namespace)},"value":[${sent}]}`);
      expect((await socket.take(1))[0]).toContain(`"value":[${kept}]`);
      const log = `subscription { entryChanged(namespace: "${namespace}", after: "0") { entry { value } } }`;
      expect((await events(server, log, 2))[1]).toContain(`"value":[${kept}]`);
    });

    test("is shown by a conflict, and by a repeat", async () => {
      const namespace = newNamespace();
      const input = `{${place(namespace)},"value":${sent},"idempotencyKey":"${namespace}"}`;
      const first = await mutate("setEntry", input, "entry { value }");
      expect(first).toContain(`{"value":${kept}}`);
      expect(await mutate("setEntry", input, "entry { value }")).toBe(first);
      const query = `mutation { setEntry(input: { namespace: "${namespace}", key: "k", value: 1, ifRevision: "0" }) { revision } }`;
      expect(await post(server, body(query, "{}"))).toContain(`"currentValue":${kept}`);
    });
  });

  test("a literal in the query's text keeps its numbers, and the order of its members", async () => {
    const namespace = newNamespace();
    const literal = "{ b: [12345678901234567890, 1.0, 1e400, -0], a: null, __proto__: 1.50 }";
    const query = `mutation { setEntry(input: { namespace: "${namespace}", key: "k", value: ${literal} }) { revision } }`;
    await post(server, body(query, "{}"));
    await expectHeld(
      namespace,
      '{"b":[12345678901234567890,1.0,1e400,-0],"a":null,"__proto__":1.50}',
    );
  });

  test.each([
    [
      "a member twice",
      '{"a":{"b":1,"b":1}}',
      /input\.value: At \\"\/a\/b\\": The member \\"b\\" appears more than once/,
    ],
    [
      "a lone surrogate",
      '["\\ud800"]',
      /input\.value: At \\"\/0\\": A string holds half of a surrogate pair/,
    ],
  ])("every transport refuses %s, and nothing is written", async (_what, sent, message) => {
    const namespace = newNamespace();
    const payload = body(
      "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }",
      `{"input":{"namespace":"${namespace}","key":"k","value":${sent}}}`,
    );
    await using socket = new RawSocket(server);
    await socket.take(1, "connection_ack");
    socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
    for (const answer of [await post(server, payload), (await socket.take(1, "error"))[0]]) {
      expect(answer).toMatch(message);
      expect(answer).toContain('"code":"BAD_USER_INPUT","argument":"input.value"');
    }
    expect(await get(server, entryQuery(namespace))).toContain('{"entry":null}');
    // The socket stays open.
    socket.send('{"id":"2","type":"subscribe","payload":{"query":"{ viewer { user } }"}}');
    expect((await socket.take(1))[0]).toContain('"user":"local"');
  });

  test("increments integers of any size exactly, up to 1,000 digits", async () => {
    const namespace = newNamespace();
    const nines = "9".repeat(1_000);
    const input = (more: string) => `{"namespace":"${namespace}","key":"k",${more}}`;
    await mutate("setEntry", input(`"value":{"n":-9007199254740993,"big":${nines}}`));
    await mutate("incrementEntry", input('"path":"/n","by":-9007199254740991'));
    await expectHeld(namespace, `{"n":-18014398509481984,"big":${nines}}`);
    const query = `mutation { incrementEntry(input: { namespace: "${namespace}", key: "k", path: "/big" }) { revision } }`;
    expect(await post(server, body(query, "{}"))).toMatch(/"argument":"input.by"/);
    await expectHeld(namespace, `{"n":-18014398509481984,"big":${nines}}`);
  });

  test("the client reads and writes integers of any size, if it is configured so", async () => {
    const { url, token } = server;
    await using exact = createDataStore({ url, token, numbers: "exact" });
    await using plain = createDataStore({ url, token });
    const numbers = exact.namespace(newNamespace());
    const value = {
      big: -(2n ** 70n),
      list: [2n ** 53n, 1, 0.5, "1234567890123456789"],
    };
    await numbers.set("k", value, { metadata: { big: 2n ** 64n } });
    expect(await numbers.entry("k")).toMatchObject({ value, metadata: { big: 2n ** 64n } });
    await expectHeld(
      numbers.name,
      '{"big":-1180591620717411303424,"list":[9007199254740992,1,0.5,"1234567890123456789"]}',
      '{"big":18446744073709551616}',
    );
    for await (const change of exact.watch({ namespace: numbers.name, snapshot: true })) {
      expect(change).toMatchObject({ kind: "EXISTING", entry: { value } });
      break;
    }
    expect(await plain.namespace(numbers.name).get("k")).toMatchObject({ big: -(2 ** 70) });
    await expect(plain.namespace(numbers.name).set("k", 1n)).rejects.toThrow(/numbers: "exact"/);
  });

  test("an export and an import keep every value", async () => {
    const namespace = newNamespace();
    for (const [index, [, sent]] of values.entries()) {
      await mutate("setEntry", `{"namespace":"${namespace}","key":"k${index}","value":${sent}}`);
    }
    const folder = await mkdtemp(join(tmpdir(), "baton-fidelity-"));
    await server.withDatabase(async (database) => {
      const file = join(folder, "export.ndjson");
      const what = { user: "local", namespacePrefix: namespace };
      let text = "";
      for await (const part of exportStore(database, what, new Sequence())) text += part;
      await writeFile(file, text);
      await importFile(database, `moved-${namespace}`, file);
    });
    await rm(folder, { recursive: true });
    const { secret: token } = await server.createToken({ userId: `moved-${namespace}` });
    const moved = { url: server.url, token };
    for (const [index, [, , kept]] of values.entries()) {
      const query = `{ entry(namespace: "${namespace}", key: "k${index}") { value } }`;
      expect(await get(moved, query)).toContain(`{"entry":{"value":${kept}}}`);
    }
  });
});

/** The results of the patches and increments above. */
function merged(kept: string): string {
  // A patch removes members that are null.
  return `{"odd":${kept},"n":0,"x":{"y":2.50}}`;
}
