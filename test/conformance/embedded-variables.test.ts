import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainDatabases } from "../databases.ts";
import { post, RawSocket } from "../raw-client.ts";
import type { TestServer } from "../server.ts";

const body = (query: string, variables: string) =>
  `{"query":${JSON.stringify(query)},"variables":${variables}}`;

type Send = (payload: string) => Promise<string>;

describe.each(plainDatabases)("G13: variables inside JSON literals on $name", ({ start }) => {
  let server: TestServer;
  let socket: RawSocket;
  beforeAll(async () => {
    server = await start();
    socket = new RawSocket(server);
    await socket.take(1, "connection_ack");
  });
  afterAll(async () => {
    await socket[Symbol.asyncDispose]();
    await server.close();
  });

  let count = 0;
  const bySocket: Send = async (operation) => {
    const id = `o${++count}`;
    socket.send(`{"id":"${id}","type":"subscribe","payload":${operation}}`);
    for (;;) {
      const text = await socket.next();
      if (!text.includes(`"id":"${id}"`) || text.includes('"type":"complete"')) continue;
      const payload = /"payload":(.*)\}$/.exec(text)?.[1] ?? "";
      return text.includes('"type":"error"') ? `{"errors":${payload}}` : payload;
    }
  };
  const transports: [string, Send][] = [
    ["HTTP", async (payload) => (await post(server, payload)).trimEnd()],
    ["WebSocket", bySocket],
  ];

  describe.each(transports)("over %s", (_transport, send) => {
    const set = (definitions: string, literal: string, variables: string) =>
      send(
        body(
          `mutation (${definitions}) { setEntry(input: { key: "k", value: ${literal} }) { entry { value } } }`,
          variables,
        ),
      );

    async function expectStored(stored: string, ...call: Parameters<typeof set>): Promise<void> {
      expect(await set(...call)).toBe(`{"data":{"setEntry":{"entry":{"value":${stored}}}}}`);
    }

    test("G14: large variables are refused if literals contain them too often", async () => {
      const uses = Array.from({ length: 20 }, () => "$v").join(", ");
      const answer = JSON.parse(
        await set("$v: JSON", `[${uses}]`, `{"v":"${"x".repeat(900_000)}"}`),
      ) as { errors: { extensions: unknown }[] };
      expect(answer.errors[0]?.extensions).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "maxEmbeddedCharacters",
        max: 16 * 1024 * 1024,
        argument: "v",
      });
    });

    test("a patch keeps the member that an omitted variable would have named", async () => {
      await send(
        body(
          'mutation { setEntry(input: { key: "p", value: { phase: "a", error: "e", deep: { error: "e" } } }) { revision } }',
          "{}",
        ),
      );
      const patch = (variables: string) =>
        send(
          body(
            'mutation ($phase: String, $error: String) { patchEntry(input: { key: "p", patch: { phase: $phase, error: $error, deep: { error: $error } } }) { entry { value } } }',
            variables,
          ),
        );
      expect(await patch('{"phase":"b"}')).toContain(
        '"value":{"phase":"b","error":"e","deep":{"error":"e"}}',
      );
      expect(await patch('{"error":null}')).toContain('"value":{"phase":"b","deep":{}}');
    });

    test("an omitted variable leaves out its member; in a list it is null", async () => {
      await expectStored('{"b":1}', "$a: Int, $b: Int", "{ a: $a, b: $b }", '{"b":1}');
      await expectStored("{}", "$a: JSON", "{ a: $a }", "{}");
      await expectStored('{"a":null}', "$a: JSON", "{ a: $a }", '{"a":null}');
      await expectStored('[null,{"b":[null]}]', "$a: JSON", "[$a, { a: $a, b: [$a] }]", "{}");
      const { data } = JSON.parse(
        await send(
          body(
            'mutation ($by: String) { setEntry(input: { key: "m", value: 1, metadata: { by: $by } }) { entry { metadata } } }',
            "{}",
          ),
        ),
      );
      expect(data.setEntry.entry.metadata).toEqual({});
    });

    // A client can write JSON with whitespace, or as JavaScript does. Both are accepted.
    test.each<[type: string, sent: string, stored?: string]>([
      ["Scope", '"READ"'],
      ["[Scope!]", '["WRITE","READ"]'],
      ["Scope", ' "READ"', '"READ"'],
      ["Revision", '"42"'],
      ["Revision", "42"],
      ["Revision", "42.0"],
      ["Int", "7"],
      ["Int", "7.0"],
      ["Int", "-0"],
      ["Float", "1.0"],
      ["Float", "1e2"],
      ["Float", "0.1000000000000000055511151231257827"],
      ["Float", "123456789012345678901234567890"],
      ["Float", "-0.0"],
      ["Float", "1e-400"],
      ["Boolean", "true"],
      ["ID", "5"],
      ["ID", '"5"'],
      ["String", '"\\u00e9\\/ü"'],
      ["[String]", '"single"'],
      ["[Float]", "[1.0,2e0]"],
      ["JSON", '{"b":1.0,"a":-0}'],
      ["SetEntryInput", '{"key":"a"}'],
      ["SetEntryInput", '{ "key": "a", "value": [1.0] }', '{"key":"a","value":[1.0]}'],
      ["TransactOperation", '{"increment":{"key":"a"}}'],
    ])("stores what is sent for a %s: %s", async (type, sent, stored = sent) => {
      const answer = await set(`$v: ${type}`, "{ v: $v, in: [{ v: $v }] }", `{"v":${sent}}`);
      // The server can reject what the type does not accept, but must not store anything else.
      if (answer.includes('"errors"')) {
        expect(JSON.parse(answer).errors[0]).toMatchObject({
          message: expect.stringContaining("$v"),
          extensions: { code: "BAD_USER_INPUT", argument: "v" },
        });
        return;
      }
      const { value } = /"value":(?<value>.*)\}\}\}\}$/.exec(answer)?.groups ?? {};
      expect(JSON.parse(value ?? "")).toEqual(JSON.parse(`{"v":${stored},"in":[{"v":${stored}}]}`));
      if (!stored.startsWith('"')) expect(value).toBe(`{"v":${stored},"in":[{"v":${stored}}]}`);
    });

    test("stores the default of a variable as it is written", async () => {
      await expectStored(
        '{"a":"x","b":"READ","c":1.0,"d":{"key":"k"},"e":5}',
        '$a: String = "x", $b: Scope = READ, $c: Float = 1.0, $d: SetEntryInput = { key: "k" }, $e: Revision = 5',
        "{ a: $a, b: $b, c: $c, d: $d, e: $e }",
        "{}",
      );
      await expectStored('{"b":["WRITE"]}', "$b: [Scope] = [WRITE]", "{ b: $b }", "{}");
    });

    test.each<[string, string, string]>([
      ["a text for an Int", "Int", '"7"'],
      ["a value that the enum lacks", "Scope", '"read"'],
      ["a text that is not a revision", "Revision", '"x"'],
      ["a number beyond Float", "Float", "1e400"],
      ["a DateTime, which no input takes", "DateTime", '"2026-01-31T12:00:00Z"'],
      ["a lone surrogate", "String", '"\\ud800"'],
      ["a lone surrogate in an input", "SetEntryInput", '{"key":"\\ud800"}'],
      ["null for a required argument", "String!", "null"],
    ])("refuses %s, with the variable's name", async (_what, type, sent) => {
      const [error] = JSON.parse(await set(`$v: ${type}`, "{ v: $v }", `{"v":${sent}}`)).errors;
      expect(error.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
      expect(error.extensions.argument).toMatch(/^v/);
      expect(error.message).toMatch(/\bv\b/);
    });

    test("accepts no value that imitates the server's marker of a variable", async () => {
      await expectStored(
        '{"v":1}',
        "$v: Int",
        "{ v: $v }",
        '{"v":1,"v as JSON":2,"$v":3,"sentTexts":4}',
      );
      await expectStored("{}", "$v: Int", "{ v: $v }", '{"v as JSON":2}');
      await expectStored("{}", "$v: Int", "{ v: $v }", '{ "v as JSON":2.0}');
    });

    test("works in a fragment, and if several operations share one", async () => {
      const query = `query Other { viewer { user } }
        mutation First($v: Float) { ...Set }
        mutation Second($v: Int = 3) { ...Set }
        fragment Set on Mutation { setEntry(input: { key: "k", value: { v: $v } }) { entry { value } } }`;
      const call = (name: string, variables: string) =>
        send(
          `{"query":${JSON.stringify(query)},"operationName":"${name}","variables":${variables}}`,
        );
      expect(await call("First", '{"v":1.0}')).toContain('"value":{"v":1.0}');
      expect(await call("First", "{}")).toContain('"value":{}');
      expect(await call("Second", "{}")).toContain('"value":{"v":3}');
    });

    test("works next to variables of input fields that are not JSON", async () => {
      const key = `next-${++count}`;
      const answer = await send(
        body(
          'mutation ($k: String!, $r: Revision) { transact(input: { operations: [{ set: { key: $k, value: { k: $k, r: $r }, ifRevision: $r } }, { set: { key: "other", value: [{ k: $k }] } }] }) { results { entry { key value } } } }',
          `{"k":"${key}"}`,
        ),
      );
      expect(answer).toContain(`"value":{"k":"${key}"}`);
      expect(answer).toContain(`"value":[{"k":"${key}"}]`);
    });
  });
});
