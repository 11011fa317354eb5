import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { get, set } from "../operations.ts";
import { serveProcess, temporaryFolder } from "./baton-process.ts";
import { runQuickly } from "./command-here.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Awaited<ReturnType<typeof serveProcess>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await serveProcess(join(folder.path, "data"));
});
afterAll(async () => {
  await server.kill("SIGTERM");
  await folder[Symbol.asyncDispose]();
});

/** Runs a command with the server of this file. */
function cli(line: string, input?: string) {
  const env = { BATON_URL: server.url, BATON_TOKEN: server.token };
  return runQuickly(line.split(" "), env, input);
}

/** Returns the output of a successful command. */
async function printed(line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await cli(line, input);
  expect([code, stderr]).toEqual([exitCodes.ok, ""]);
  return stdout;
}

async function refused(code: number, message: RegExp, line: string): Promise<void> {
  const ended = await cli(line);
  expect(ended.stderr).toMatch(message);
  expect([ended.code, ended.stdout]).toEqual([code, ""]);
}

describe.concurrent("increment", () => {
  test("adds, also at a path, and prints the value", async () => {
    expect(await printed("increment -n i n")).toBe("1\n");
    expect(await printed("increment -n i n --by -2.5")).toBe("-1.5\n");
    expect(await printed("increment -n i meta --path /done --by 3")).toBe('{"done":3}\n');
    const entry = JSON.parse(await printed("increment -n i n --by 0.5 --json"));
    expect(entry).toMatchObject({ key: "n", value: -1, updatedBy: "cli" });
    await refused(exitCodes.conflict, /CONFLICT/, "increment -n i n --if-revision 0");
    await refused(exitCodes.usage, /--by.*number/, "increment -n i n --by one");
    await refused(exitCodes.usage, /BAD_USER_INPUT/, "increment -n i meta");
  });

  test("G13: counts beyond 2^53 exactly, and refuses a number that a float would round", async () => {
    await printed("set -n i large 12345678901234567890");
    expect(await printed("increment -n i large")).toBe("12345678901234567891\n");
    await refused(
      exitCodes.usage,
      /--by.*9007199254740991/,
      "increment -n i n --by 9007199254740993",
    );
  });

  test("counts concurrent calls", async () => {
    await Promise.all(Array.from({ length: 4 }, () => printed("increment -n i together")));
    expect((await get(server, "together", "i"))?.value).toBe(4);
  });
});

describe.concurrent("patch and append", () => {
  test("patch merges and removes members, from an argument or a pipe, and keeps numbers", async () => {
    await printed('patch -n p meta {"a":{"b":1.0,"c":2},"d":12345678901234567890}');
    expect(await printed("patch -n p meta", '{"a": {"c": null}}')).toBe(
      '{"a":{"b":1.0},"d":12345678901234567890}\n',
    );
    await refused(exitCodes.usage, /not JSON/, "patch -n p meta {");
  });

  test("append creates an array, keeps the newest items, and accepts a text", async () => {
    expect(await printed("append -n a list 1.0")).toBe("[1.0]\n");
    expect(await printed("append -n a list --string two")).toBe('[1.0,"two"]\n');
    expect(await printed("append -n a list 3 --max-length 2")).toBe('["two",3]\n');
    await refused(exitCodes.usage, /--max-length/, "append -n a list 3 --max-length 0");
  });

  test("keep the expiry of an entry; --ttl 0 removes it", async () => {
    await printed("set -n ttl k [] --ttl 15m");
    await printed("append -n ttl k 1");
    expect((await get(server, "k", "ttl"))?.expiresAt).not.toBeNull();
    await printed("append -n ttl k 2 --ttl 0");
    expect((await get(server, "k", "ttl"))?.expiresAt).toBeNull();
  });
});

test("history prints the changes of a key in the format of watch, and exits with 1 if there are no changes", async () => {
  for (const value of [1, 2]) await set(server, { namespace: "h", key: "k", value });
  await printed("delete -n h k");
  const lines = (await printed("history -n h k")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: "SET", entry: { value: 1 } },
    { kind: "SET", entry: { value: 2 } },
    { kind: "DELETED", entry: null, agent: "cli" },
  ]);
  await refused(exitCodes.absent, /no change of "none" in namespace "h"/, "history -n h none");
});

describe.concurrent("claim and complete", () => {
  test("G11: no other worker gets a claimed entry, and the claim's token completes it", async () => {
    await set(server, { namespace: "c1", key: "task:1", value: { file: "a" } });
    await set(server, { namespace: "c1", key: "other", value: 1 });
    const claim = JSON.parse(await printed("claim -n c1 -p task: --lease 1h"));
    expect(claim).toMatchObject({
      attempt: 1,
      token: expect.any(String),
      entry: { key: "task:1", value: { file: "a" } },
    });
    await refused(exitCodes.absent, /No entry .*"c1".*"task:" is free/, "claim -n c1 -p task:");
    await refused(exitCodes.timeout, /within 1 s/, "claim -n c1 -p task: --wait 1s");
    const complete = `complete -n c1 task:1 --claim ${claim.token}`;
    await refused(
      exitCodes.conflict,
      /CLAIM_LOST/,
      "complete -n c1 task:1 1 --claim of-another-worker",
    );
    const revision = (await printed(`${complete} {"words":1.0}`)).trim();
    const entry = JSON.parse(await printed("get -n c1 task:1 --json"));
    expect(entry).toMatchObject({ revision, value: { words: 1 } });
    // A repetition of the call, as after a lost response, writes nothing.
    expect((await printed(`${complete} {"words":1.0}`)).trim()).toBe(revision);
    await refused(exitCodes.usage, /--claim/, "complete -n c1 task:1 1");
  });

  test("complete keeps the value without a result; - reads the result from standard input", async () => {
    for (const key of ["a", "b"]) await set(server, { namespace: "c2", key, value: "todo" });
    for (const [end, value] of [
      ["", '"todo"\n'],
      [" -", "[1]\n"],
    ] as const) {
      const { token, entry } = JSON.parse(await printed("claim -n c2"));
      await printed(`complete -n c2 ${entry.key} --claim ${token}${end}`, "[1]");
      expect(await printed(`get -n c2 ${entry.key}`)).toBe(value);
    }
    await refused(exitCodes.absent, /"c2" is free/, "claim -n c2");
  });

  test("claim waits for a new entry", async () => {
    const waiting = printed("claim -n c3 --wait 30s");
    await set(server, { namespace: "c3", key: "k", value: 1 });
    expect(JSON.parse(await waiting)).toMatchObject({ entry: { key: "k" } });
  });
});

test("status shows the user, the server and the usage", async () => {
  const status = JSON.parse(await printed("status --agent me"));
  expect(status).toMatchObject({
    url: server.url,
    user: "local",
    agent: "me",
    scopes: ["READ", "WRITE", "CLAIM", "ADMIN"],
    namespacePatterns: ["*"],
    grants: [{ scopes: ["READ", "WRITE", "CLAIM", "ADMIN"], namespacePattern: "*" }],
    headRevision: expect.stringMatching(/^\d+$/),
    usage: { entryCount: expect.any(Number) },
    limits: { maxKeyBytes: 1024 },
  });
  await refused(exitCodes.denied, /UNAUTHENTICATED/, "status --token wrong");
  await refused(exitCodes.unavailable, /cannot be reached/, "status --url http://127.0.0.1:1");
});
