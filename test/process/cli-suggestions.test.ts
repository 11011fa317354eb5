import { describe, expect, test } from "vitest";
import { optionsLast } from "../../src/cli/flags/options-last.ts";
import { createProgram } from "../../src/cli/program.ts";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { run } from "./baton-process.ts";
import { runHere } from "./command-here.ts";

describe("the error of a wrong command line suggests the right one", () => {
  test.each<[string, string[], string]>([
    [
      "a namespace as an argument of set",
      ["set", "handoff", "data-ready", '{"a":1}'],
      `baton set --namespace handoff data-ready '{"a":1}'`,
    ],
    [
      "a namespace as an argument of get",
      ["get", "handoff", "k 1"],
      "baton get --namespace handoff 'k 1'",
    ],
    [
      "a namespace as an argument of keys",
      ["keys", "handoff", "task:"],
      "baton keys --namespace handoff task:",
    ],
    ["a namespace as an argument of watch", ["watch", "handoff"], "watch --namespace handoff"],
    ["a namespace as an argument of clear", ["clear", "handoff"], "clear --namespace handoff"],
    ["a prefix as an argument of claim", ["claim", "task:"], "baton claim --prefix task:"],
    ["a number as an argument of increment", ["increment", "n", "5"], "baton increment n --by 5"],
    [
      "a text without quotes",
      ["set", "note", "it's", "good"],
      String.raw`baton set note --string 'it'\''s good'`,
    ],
    [
      "a namespace as an argument of set, and a value that is not JSON",
      ["set", "handoff", "data-ready", "hello"],
      `Did you mean baton set --namespace handoff data-ready '"hello"'? A string with spaces needs quotes: baton set handoff --string 'data-ready hello'.`,
    ],
    [
      "a text of several words without quotes",
      ["append", "log", "all", "is", "well"],
      "baton append log --string 'all is well'",
    ],
    [
      "a namespace as an argument of patch",
      ["patch", "handoff", "meta", "x=1"],
      "baton patch --namespace handoff meta x=1",
    ],
    ["a long word of spaces, read in linear time", [`x${" ".repeat(100_000)}x`], "unknown command"],
    ["the name of a member of every object", ["constructor"], "unknown command 'constructor'"],
    ["delete --recursive", ["delete", "-r", "tmp:"], "baton clear"],
    ["a search without quotes", ["search", "token", "refresh"], "baton search 'token refresh'"],
    [
      "keys --prefix",
      ["keys", "--prefix", "task:"],
      "an argument, not an option: baton keys [options] [prefix]",
    ],
    ["clear --prefix", ["clear", "--prefix", "task:"], "--namespace-prefix"],
    ["a pattern for keys", ["keys", "task:*"], '"task:"'],
    ["a pattern for namespaces", ["namespaces", "job:*"], '"job:"'],
    ["a pattern for watch", ["watch", "-p", "task:**"], '"task:"'],
    ["a pattern for claim", ["claim", "--prefix", "task:*"], '"task:"'],
    ["a pattern as a key", ["watch", "--key", "task:*"], "--prefix task:"],
    ["a pattern for search", ["search", "text", "--namespace-prefix", "job:*"], '"job:"'],
    ["a pattern for export", ["export", "--namespace-prefix", "job:*"], '"job:"'],
    ["a pattern for clear", ["clear", "--yes", "--namespace-prefix", "job:*"], '"job:"'],
    ["a pattern as a namespace", ["watch", "-n", "job:*"], "--namespace-prefix job:"],
    ["a pattern to clear", ["clear", "--yes", "-n", "job:*"], "--namespace-prefix job:"],
    ["every namespace to clear", ["clear", "--yes", "-n", "*"], "--all-namespaces"],
    ["del", ["del", "k"], "Did you mean delete?"],
    ["rm", ["rm", "k"], "Did you mean delete?"],
    ["ls", ["ls"], "Did you mean keys or namespaces?"],
    ["put", ["put", "k"], "Did you mean set?"],
    ["incr", ["incr", "k"], "Did you mean increment?"],
    ["help for del", ["help", "del"], "Did you mean delete?"],
    ["token rm", ["token", "rm"], "Did you mean revoke?"],
    ["an unknown option before the command", ["--ulr", "http://h", "get", "k"], "--url"],
    ["an unknown command after options", ["--url", "http://h", "gte", "k"], "get"],
  ])("%s", async (_what, args, suggestion) => {
    const { code, stdout, stderr } = await runHere(args);
    expect(stderr).toContain(suggestion);
    expect(stderr).toMatch(/^baton: [^\n]+\n$/);
    expect([code, stdout]).toEqual([exitCodes.usage, ""]);
  });
});

describe("options before the command", () => {
  test.each([
    ["--url http://h get k", "get --url http://h k"],
    ["--url=http://h -n ns get k --raw", "get --url=http://h -n ns k --raw"],
    ["-nns get k", "get -nns k"],
    ["-yn ns clear", "clear -yn ns"],
    ["-n get get get", "get -n get get"],
    ["--data-dir d token list", "token list --data-dir d"],
    ["token --data-dir d create --user u", "token create --data-dir d --user u"],
    ["--version", "--version"],
    ["--url http://h --help", "--help"],
    ["token --help", "token --help"],
    ["get -- --url", "get -- --url"],
    ["--unknown v get k", "get --unknown v k"],
    ["--url http://h", ""],
    ["--unknown", "--unknown"],
    ["nonsense", "nonsense"],
  ])("%s", (line, expected) => {
    expect(optionsLast(createProgram(), line.split(" ")).join(" ")).toBe(expected);
  });

  test("reach the command", async () => {
    const { code, stderr } = await run("--url http://127.0.0.1:1 --token t get k".split(" "));
    expect([code, stderr]).toEqual([
      exitCodes.unavailable,
      expect.stringContaining("http://127.0.0.1:1"),
    ]);
  });
});
