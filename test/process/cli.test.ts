import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { get, mutate, set } from "../operations.ts";
import { baton, BatonProcess, run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { runQuickly } from "./command-here.ts";

const execute = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Awaited<ReturnType<typeof serveProcess>>;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await serveProcess(join(folder.path, "data"));
  env = { BATON_URL: server.url, BATON_TOKEN: server.token };
});

afterAll(async () => {
  await server.kill("SIGTERM");
  await folder[Symbol.asyncDispose]();
});

/** Runs a command with the server of this file. */
function cli(
  args: readonly string[],
  input?: string | Uint8Array,
  environment: Record<string, string> = env,
) {
  return runQuickly(args, environment, input);
}

/** Returns the output of a successful command. */
async function printed(args: readonly string[], input?: string | Uint8Array): Promise<string> {
  const { code, stdout, stderr } = await cli(args, input);
  expect([code, stderr]).toEqual([exitCodes.ok, ""]);
  return stdout;
}

/** Expects one line on standard error, and nothing on standard output. */
async function refused(
  code: number,
  line: RegExp,
  args: readonly string[],
  more: { env?: Record<string, string>; input?: string | Uint8Array; stdout?: string } = {},
): Promise<void> {
  const ended = await cli(args, more.input, { ...env, ...more.env });
  expect(ended.stderr).toMatch(line);
  expect(ended.stderr).toMatch(/^baton: [^\n]+\n$/);
  expect([ended.code, ended.stdout]).toEqual([code, more.stdout ?? ""]);
}

describe.concurrent("get and set", () => {
  test("set and get a value as JSON, in one line, with the agent's name", async () => {
    const revision = (
      await printed(["set", "report", '{ "rows": [1, 2] }', "--agent", "ann"])
    ).trim();
    expect(await printed(["get", "report"])).toBe('{"rows":[1,2]}\n');
    const entry = JSON.parse(await printed(["get", "report", "--json"])) as unknown;
    expect(entry).toMatchObject({ value: { rows: [1, 2] }, revision, updatedBy: "ann" });
    expect((await get(server, "report"))?.revision).toBe(revision);
  });

  test("accept null and false as values, and a negative number as an argument", async () => {
    for (const value of ["null", "false", "-5"]) {
      await printed(["set", "-n", "values", "k", value]);
      expect(await printed(["get", "-n", "values", "k"])).toBe(`${value}\n`);
    }
  });

  test("get returns any text unchanged", async () => {
    const text = '\uFEFF"ключ" 🗝\u0000\r\n\u2028 e\u0301';
    const file = join(folder.path, "text");
    await writeFile(file, text);
    await printed(["set", "ключ 🗝/1", "--string", "--file", file]);
    expect(await printed(["get", "ключ 🗝/1", "--raw"])).toBe(text);
    await printed(["set", "piped", "--string", "-"], text);
    expect(await printed(["get", "piped", "-r"])).toBe(text);
    await printed(["set", "no-text", "[1]"]);
    expect(await printed(["get", "no-text", "-r"])).toBe("[1]\n");
  });

  test("set metadata and an expiry", async () => {
    await printed(["set", "ends", "1", "--metadata", '{"a": 1}', "--ttl", "15m"]);
    const { metadata, updatedAt, expiresAt } = JSON.parse(await printed(["get", "ends", "--json"]));
    expect(metadata).toEqual({ a: 1 });
    expect(Date.parse(expiresAt) - Date.parse(updatedAt)).toBe(900_000);
  });

  test("set many keys in one step, all or none", async () => {
    const object = '{"a": 1, "__proto__": 2}';
    const revisions = JSON.parse(await printed(["set", "-n", "many", "--many"], object));
    expect(Object.keys(revisions)).toEqual(["a", "__proto__"]);
    expect(await printed(["keys", "-n", "many"])).toBe("__proto__\na\n");
    await refused(exitCodes.usage, /object/, ["set", "-n", "many", "--many"], { input: "[]" });
  });

  test("G7: a failed condition exits with 3", async () => {
    const first = (await printed(["set", "-n", "if", "k", "1", "--if-absent"])).trim();
    await refused(exitCodes.conflict, /CONFLICT/, ["set", "-n", "if", "k", "2", "--if-absent"]);
    await printed(["set", "-n", "if", "k", "2", "--if-revision", first]);
    await refused(exitCodes.conflict, /CONFLICT/, [
      ..."delete -n if k --if-revision".split(" "),
      first,
    ]);
    expect(await printed(["get", "-n", "if", "k"])).toBe("2\n");
  });

  test("a missing entry exits with 1", async () => {
    await refused(exitCodes.absent, /"none".*"default"/, ["get", "none"]);
  });

  test.each<[string, RegExp, string[], (string | Uint8Array)?]>([
    ["invalid UTF-8", /UTF-8: byte 2 is/, ["set", "k"], new Uint8Array([0x22, 0xff, 0x22])],
    ["JSON that ends early", /line 2, column 3.* ends/, ["set", "k"], '{"a":\n 1'],
    ["nothing", /it ends/, ["set", "k"], ""],
    ["a bare word", /column 1: .*"hello".*--string/, ["set", "k", "hello"]],
    ["metadata that is not an object", /--metadata.*object/, ["set", "k", "1", "--metadata", "1"]],
    ["a duration without unit", /--ttl.*30d/, ["set", "k", "1", "--ttl", "30"]],
    ["a duration that is too long", /--ttl.*24855d/, ["set", "k", "1", "--ttl", "24856d"]],
    ["two values", /not both/, ["set", "k", "1", "--file", "f"]],
    ["a file that does not exist", /no-such.*ENOENT/, ["set", "k", "--file", "no-such"]],
    ["no key", /Name a key/, ["set"]],
    ["an invalid key", /^baton: key: .*U\+0007.*BAD_USER_INPUT/, ["set", "\u0007", "1"]],
    ["a limit of the server", /LIMIT_EXCEEDED/, ["set", "k", "--string"], "x".repeat(5 * 2 ** 20)],
    ["an unknown option", /--metdata.*--metadata/, ["set", "k", "--metdata", "{}"]],
    [
      "options that exclude each other",
      /--if-absent/,
      "set k 1 --if-absent --if-revision 1".split(" "),
    ],
    ["an unknown command", /gte.*get/, ["gte", "k"]],
    [
      "a command that is similar to no other",
      /'nope'\. The commands are: get, set, .*--help/,
      ["nope"],
    ],
    [
      "help for an unknown command",
      /'nope'\. The commands are: create, list, .*/,
      ["help", "token", "nope"],
    ],
  ])("%s: exits with 2", async (_what, line, args, input) => {
    await refused(exitCodes.usage, line, args, input === undefined ? {} : { input });
  });

  test("a value of 10 MiB, which the server refuses, is also reported in one line", async () => {
    const { code, stdout, stderr } = await cli(["set", "k", "--string"], "x".repeat(10 * 2 ** 20));
    expect(code).toBe(exitCodes.usage);
    expect(stderr).toMatch(/^baton: .*\(PAYLOAD_TOO_LARGE\)\n$/);
    expect(stdout).toBe("");
  });
});

describe.concurrent("delete, keys, namespaces and clear", () => {
  test("delete prints the number of deleted entries, and exits with 1 if one did not exist", async () => {
    await printed(["set", "-n", "delete", "--many"], '{"a": 1, "b": 2, "c": 3}');
    expect(await printed(["delete", "-n", "delete", "a"])).toBe("1\n");
    const args = ["delete", "-n", "delete", "b", "a", "c"];
    await refused(exitCodes.absent, /No entry "a"/, args, { stdout: "2\n" });
    await refused(
      exitCodes.absent,
      /Did you mean baton delete --namespace handoff 'data ready'\?/,
      ["delete", "handoff", "data ready"],
      { stdout: "0\n" },
    );
  });

  test("keys prints names, a table with --long, and objects without values with --json", async () => {
    const values = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`k:${100 + i}`, i]));
    await printed(["set", "-n", "keys", "--many"], JSON.stringify({ ...values, other: 0 }));
    expect(await printed(["keys", "-n", "keys", "k:"])).toBe(`${Object.keys(values).join("\n")}\n`);
    expect(await printed(["keys", "-n", "keys", "none"])).toBe("");
    const [headings, row] = (await printed(["keys", "-n", "keys", "o", "--long"])).split("\n");
    expect(headings).toMatch(/^REVISION +BYTES +UPDATED +BY +EXPIRES +KEY$/);
    expect(row).toMatch(/^\d+ +8 +\S+Z +cli +- +other$/);
    const [json] = (await printed(["keys", "-n", "keys", "o", "--json"])).split("\n");
    expect(JSON.parse(json as string)).toMatchObject({ key: "other", updatedBy: "cli" });
    expect(json).not.toContain("value");
  });

  test("search prints entries with the text around the match, and exits with 1 if nothing is found", async () => {
    for (const [key, value] of [
      ["a", '{"text": "The needle\\nin it"}'],
      ["needle-b", '"nothing"'],
    ] as const) {
      await printed(["set", "-n", "search:1", key, value]);
    }
    const found = ["search", "NEEDLE", "--namespace-prefix", "search:"];
    expect(await printed(found)).toBe(
      "search:1\tneedle-b\tneedle-b\nsearch:1\ta\tThe needle in it\n",
    );
    expect(await printed([...found, "--limit", "1"])).toMatch(/^search:1\tneedle-b\t.*\n$/);
    const [headings, , row] = (await printed([...found, "--long"])).split("\n");
    expect(headings).toMatch(/^NAMESPACE +KEY +WHERE +TEXT$/);
    expect(row).toMatch(/^search:1 +a +\/text +The needle in it$/);
    const [json] = (await printed([...found, "--json"])).split("\n");
    expect(JSON.parse(json as string)).toMatchObject({
      entry: { key: "needle-b" },
      match: { path: null },
    });
    const none = await cli(["search", "no such text"]);
    expect(none).toMatchObject({ code: exitCodes.absent, stdout: "", stderr: "" });
    await refused(exitCodes.usage, /3 characters/, ["search", "ab"]);
  });

  test("a value at an earlier revision, and entries under new keys", async () => {
    await printed(["set", "-n", "as:of", "k", "1"]);
    const { revision } = JSON.parse(await printed(["get", "-n", "as:of", "k", "--json"]));
    await printed(["set", "-n", "as:of", "k", "2"]);
    expect(await printed(["get", "-n", "as:of", "k", "--at", revision])).toBe("1\n");
    const [one, other] = [
      await printed(["create", "-n", "as:of", "-p", "e:", "3"]),
      await printed(["create", "-n", "as:of", "-p", "e:", "4"]),
    ];
    expect(await printed(["keys", "-n", "as:of", "e:"])).toBe(one + other);
    expect(await printed(["delete", "-n", "as:of", one.trim(), other.trim(), "k"])).toBe("3\n");
  });

  test("select keys and claims by values, and namespaces by segments", async () => {
    await printed(["set", "-n", "by:value", "a", '{"state":"open","size":9007199254740993}']);
    await printed(["set", "-n", "by:value", "b", '{"state":"done"}']);
    const keys = (...conditions: string[]) =>
      printed(["keys", "-n", "by:value", ...conditions.flatMap((one) => ["--where", one])]);
    expect(await keys('/state = "open"')).toBe("a\n");
    expect(await keys('/state != "open"', "/size missing")).toBe("b\n");
    expect(await keys("/size > 9007199254740992")).toBe("a\n");
    expect(
      JSON.parse(await printed(["claim", "-n", "by:value", "--where", "/size exists"])),
    ).toMatchObject({
      entry: { key: "a" },
    });
    expect(await printed(["namespaces", "--segments", "by:*"])).toBe("by:value\n");
    expect(await printed(["namespaces", "by:", "--depth", "1"])).toBe("by\n");
  });

  test("lists namespaces, and clears exactly the named ones", async () => {
    for (const namespace of ["clear:a", "clear:b", "clear"]) {
      await set(server, { namespace, key: "k", value: 1 });
      await set(server, { namespace, key: "l", value: 1 });
    }
    expect(await printed(["namespaces", "clear:"])).toBe("clear:a\nclear:b\n");
    expect(await printed(["namespaces", "clear:", "-l"])).toMatch(/^2 +\d+ +\S+Z +- +clear:a$/m);
    expect(JSON.parse(await printed(["namespaces", "clear:b", "--json"]))).toMatchObject({
      name: "clear:b",
      entryCount: 2,
    });
    await refused(exitCodes.usage, /--yes/, ["clear", "--namespace-prefix", "clear"]);
    await refused(exitCodes.usage, /Select what/, ["clear", "--yes"]);
    await refused(exitCodes.usage, /Select what/, ["clear", "--yes", "-n", ""]);
    await refused(exitCodes.usage, /empty/, ["clear", "--yes", "--namespace-prefix", ""]);
    expect(await printed(["clear", "--yes", "--namespace-prefix", "clear:"])).toBe("4\n");
    expect(await printed(["namespaces", "clear"])).toBe("clear\n");
    expect(await printed(["clear", "-yn", "clear"])).toBe("2\n");
    expect(await printed(["clear", "-yn", "clear"])).toBe("0\n");
  });
});

describe.concurrent("watch and wait", () => {
  test("watch prints each change as a line of JSON, and Ctrl-C ends it without an error", async () => {
    await set(server, { namespace: "watch", key: "task:1", value: 1 });
    const args = ["watch", "-n", "watch", "--prefix", "task:", "--snapshot"];
    await using watch = new BatonProcess(args, env);
    await watch.says(/CAUGHT_UP/);
    await set(server, { namespace: "watch", key: "other", value: 2 });
    await set(server, { namespace: "watch", key: "task:2", value: "é" });
    await watch.says(/"task:2"/);
    expect(await watch.kill("SIGINT")).toMatchObject({ signal: "SIGINT", stderr: "" });
    const lines = watch.stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { kind: "EXISTING", key: "task:1" },
      { kind: "CAUGHT_UP" },
      { kind: "SET", namespace: "watch", key: "task:2", entry: { value: "é" } },
    ]);
  });

  test("watch follows namespaces by prefix, continues after a revision, and ends after a number of changes", async () => {
    const { revision } = await set(server, { namespace: "after:a", key: "k", value: 1 });
    await set(server, { namespace: "after:b", key: "k", value: 2 });
    await set(server, { namespace: "elsewhere", key: "k", value: 3 });
    await set(server, { namespace: "after:a", key: "l", value: 4 });
    const watch = async (...args: string[]) => {
      const lines = (await printed(["watch", "--after", revision, ...args])).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { entry: { value: unknown } }).entry.value);
    };
    expect(await watch("--namespace-prefix", "after:", "--count", "2")).toEqual([2, 4]);
    expect(await watch("-n", "after:a", "--key", "l", "--count", "1")).toEqual([4]);
    await refused(exitCodes.usage, /-n cannot be combined/, ["watch", "-n", "a", "-A"]);
    const beyond = ["watch", "--after", "999999"];
    await refused(exitCodes.usage, /^baton: --after: .* with --snapshot\. \(BAD_/, beyond);
  });

  test("G3: watch continues after a restart of the server; a compacted revision exits with 7", async ({
    expect: own,
  }) => {
    await using data = await temporaryFolder();
    const keepsNothing = ["--retention-days", "0", "--retention-changes", "0"];
    const first = await serveProcess(data.path, keepsNothing);
    const at = { BATON_URL: first.url, BATON_DATA_DIR: data.path };
    await using watch = new BatonProcess(["watch", "--snapshot"], at);
    const retry = { ...at, BATON_RETRY_FOR: "30s" };
    // Perhaps the wait has not begun when the server stops.
    await using wait = new BatonProcess(["wait", "later", "--raw"], retry);
    await watch.says(/CAUGHT_UP/);
    await set(first, { key: "before", value: 1 });
    await watch.says(/"before"/);
    await first.kill("SIGTERM");
    await using _second = await serveProcess(data.path, [
      "--port",
      new URL(first.url).port,
      ...keepsNothing,
    ]);
    expect((await run(["set", "later", "--string", "here"], retry)).code).toBe(0);
    await watch.says(/"later"/);
    expect(await wait.ended()).toMatchObject({ code: 0, stdout: "here", stderr: "" });
    const compacted = () => run(["watch", "--after", "0", "--count", "1"], at);
    // In concurrent tests, only the test's own `expect` can poll.
    await own.poll(async () => (await compacted()).code).toBe(exitCodes.compacted);
    expect((await compacted()).stderr).toMatch(/^baton: .*REVISION_COMPACTED\)\n$/);
  });

  test("wait prints a new value, with --after a later one, and exits with 4 after its timeout", async () => {
    await using wait = new BatonProcess(["wait", "-n", "wait", "k"], env);
    const { revision } = await set(server, { namespace: "wait", key: "k", value: [1] });
    expect(await wait.ended()).toMatchObject({ code: 0, stdout: "[1]\n" });
    expect(await printed(["wait", "-n", "wait", "k", "--timeout", "0s"])).toBe("[1]\n");
    const again = ["wait", "-n", "wait", "k", "--after", revision, "--timeout"];
    await refused(exitCodes.timeout, /after \d+ within 1 s/, [...again, "1s"]);
  });
});

describe.concurrent("the connection to the server", () => {
  test("uses the token in the data directory if no variable is set, and says where it searched", async () => {
    const dataDir = join(folder.path, "data");
    const at = { BATON_URL: server.url };
    expect((await run(["keys", "--data-dir", dataDir], at)).code).toBe(0);
    expect((await run(["keys"], { ...at, BATON_TOKEN: "", BATON_DATA_DIR: dataDir })).code).toBe(0);
    const nowhere = join(folder.path, "nowhere");
    const none = { env: { BATON_TOKEN: "", BATON_DATA_DIR: nowhere } };
    await refused(
      exitCodes.denied,
      new RegExp(`${nowhere}.local\\.token does not exist`),
      ["get", "k"],
      none,
    );
  });

  test("sends the token of this machine's server to no other machine", async () => {
    const elsewhere = { env: { BATON_TOKEN: "", BATON_URL: "http://baton.invalid" } };
    await refused(exitCodes.denied, /not sent to another machine/, ["get", "k"], elsewhere);
  });

  test("exits with 5 for an invalid token or missing permission, and never shows a secret", async () => {
    const secret = { env: { BATON_TOKEN: "se cret" } };
    await refused(exitCodes.usage, /^(?!.*cret).*BATON_TOKEN/, ["get", "k"], secret);
    await refused(
      exitCodes.denied,
      /The token of --token is not known by Baton at http:\S+\. Use --url .*, or pass another token in --token\. \(UNAUTHENTICATED\)/,
      ["get", "k", "--token", "wrong"],
    );
    const create = ["token", "create", "--data-dir", join(folder.path, "data"), "--user", "local"];
    const { stdout } = await run([...create, "--scope", "read", "--namespaces", "a"]);
    const limited = { env: { BATON_TOKEN: stdout.trim() } };
    await refused(exitCodes.denied, /FORBIDDEN/, ["set", "-n", "a", "k", "1"], limited);
    await refused(exitCodes.denied, /FORBIDDEN/, ["get", "-n", "b", "k"], limited);
    await using other = await temporaryFolder();
    const file = join(other.path, "local.token");
    await writeFile(file, "wrong");
    await refused(
      exitCodes.denied,
      new RegExp(`The token in ${file} is not known by Baton at ${server.url}.*UNAUTHENTICATED`),
      ["watch"],
      { env: { BATON_TOKEN: "", BATON_DATA_DIR: other.path } },
    );
  });

  test("exits with 6 without a server, with 8 for another kind of server, and with 2 for an invalid address", async () => {
    const other = createServer((_request, response) => response.end("<p>Hello")).listen(0);
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    await refused(exitCodes.other, /BAD_RESPONSE/, ["get", "k", "--url", url]);
    other.close();
    for (const command of [["get", "k"], ["watch"], ["wait", "k"]]) {
      await refused(exitCodes.unavailable, /cannot be reached/, [...command, "--url", url]);
    }
    await refused(exitCodes.usage, /^(?!.*cret).*--url/, [
      "get",
      "k",
      "--url",
      "http://u:secret@h",
    ]);
    await refused(exitCodes.usage, /--url/, ["get", "k", "--url", "localhost:4000"]);
  });
});

describe("in a shell", () => {
  let path: string;
  beforeAll(async () => {
    path = join(folder.path, "bin");
    await mkdir(path);
    const program = join(path, "baton");
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${baton}" "$@"\n`);
    await chmod(program, 0o755);
  });

  function shell() {
    const PATH = `${path}:${process.env.PATH}`;
    return { env: { ...env, PATH, BATON_NAMESPACE: "shell" } };
  }

  async function sh(script: string): Promise<string> {
    return (await execute("sh", ["-c", script], shell())).stdout;
  }

  test("set reads a pipe, and scripts can use the exit codes", async () => {
    expect(await sh("echo '[1]' | baton set piped >/dev/null && baton get piped")).toBe("[1]\n");
    expect(await sh("if baton get none 2>/dev/null; then echo yes; else echo $?; fi")).toBe("1\n");
  });

  test("ends silently with 0 when its reader has read enough", async () => {
    await sh('baton set big --string "$(printf %0100000d 0)"');
    const status = 'echo " ${PIPESTATUS[0]}"';
    const got = await execute(
      "bash",
      ["--norc", "-c", `baton get big -r | head -c 3; ${status}`],
      shell(),
    );
    expect(got).toEqual({ stdout: "000 0\n", stderr: "" });
    const watch = "baton watch --after 0 -A | head -1 | cut -c 1-13";
    const watched = await execute("bash", ["--norc", "-c", `${watch}; ${status}`], shell());
    expect(watched).toEqual({ stdout: '{"kind":"SET"\n 0\n', stderr: "" });
  });

  test("on a terminal, JSON is indented, changes are text, and clear asks for confirmation", async ({
    skip,
  }) => {
    // Linux's `script` runs a command on a terminal.
    const isHere = await execute("script", ["--version"]).then(
      () => true,
      () => false,
    );
    if (!isHere) skip();
    const onTerminal = async (command: string, typed = "") => {
      const answer = typed === "" ? "" : `printf '${typed}' | `;
      return (await sh(`${answer}script -qec "${command}" /dev/null`)).replaceAll("\r", "");
    };
    await set(
      server,
      { namespace: "terminal", key: "k", value: { a: ["\u009b"] } },
      { agent: "me" },
    );
    expect(await onTerminal("baton get -n terminal k")).toBe(
      '{\n  "a": [\n    "\\u009b"\n  ]\n}\n',
    );
    expect(await onTerminal("baton watch -n terminal --snapshot --count 1")).toMatch(
      /^ +\d+ +EXISTING +terminal +k +\{"a":\["\\u009b"\]\} +\(me\)\n$/,
    );
    const input = {
      grants: [
        { scopes: ["READ", "WRITE"], namespacePattern: "*" },
        { scopes: ["CLAIM"], namespacePattern: "tasks" },
      ],
    };
    const { secret } = await mutate(server, "createToken", "secret", input);
    expect(await onTerminal(`baton status --token ${secret}`)).toMatch(
      /\nGrants    read,write \*\n {10}claim tasks\nRevision  \d+\n/,
    );
    expect(await onTerminal("baton keys -n terminal")).toMatch(/^REVISION.*\n\d+ .* k\n$/);
    expect(await onTerminal("baton clear -n terminal || echo exit \\$?", "n\\n")).toMatch(
      /1 entry of namespace "terminal"\? \[y\/N\] [^]*Nothing was cleared\.\nexit 8\n/,
    );
    expect(await onTerminal("baton clear -n terminal || echo exit \\$?", "\\004")).toMatch(
      /exit 8\n/,
    );
    expect(await onTerminal("baton clear -n terminal", "y\\n")).toMatch(/\n1\n$/);
    expect(await get(server, "k", "terminal")).toBeNull();
  });
});
