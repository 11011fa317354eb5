import { access, constants } from "node:fs/promises";
import type { Command } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatonError, errorCodes, errorOf, type ErrorCode } from "../../src/client/errors.ts";
import { errorLine, messageOf } from "../../src/cli/terminal/error-message.ts";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { describeJsonError } from "../../src/cli/terminal/describe-json-error.ts";
import { createProgram } from "../../src/cli/program.ts";
import { baton, run } from "./baton-process.ts";

/** The `--help` of a command on a terminal of 80 columns. */
function helpOf(command: Command): string {
  let shown = "";
  command.configureOutput({ writeOut: (text) => (shown += text), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return shown;
}

describe("help", () => {
  // The help names the variable that counts. A shell can set these.
  delete process.env.HOST;
  delete process.env.PORT;
  const program = createProgram();
  // The help of `serve` has a separate file.
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => !["serve", "help"].includes(command.name()));

  test("of the program and of every command", async () => {
    const all = [program, ...commands, ...commands.flatMap((command) => command.commands)];
    const text = all.map((command) => helpOf(command as Command)).join(`\n${"=".repeat(80)}\n`);
    await expect(text).toMatchFileSnapshot("cli-help.txt");
  });

  test("every command that uses a server has examples, and says how the server is found", () => {
    const data = commands.filter((command) => command.helpGroup() === "Data:");
    expect(data.length).toBeGreaterThan(7);
    for (const command of data) {
      const help = helpOf(command as Command);
      expect(help).toMatch(/\nExamples:\n {2}\$ baton /);
      expect(help).toMatch(/\nConnection:\n {2}--url /);
      expect(help).toMatch(/BATON_TOKEN/);
    }
  });

  test("an option has one name, one short name and one kind of value in all commands", () => {
    const kinds = new Map<string, string>();
    for (const command of [...commands, ...commands.flatMap(({ commands: below }) => below)]) {
      for (const { short, long, flags } of command.options) {
        const kind = flags.replace(/^-\w, /, "").replace(/<.*>/, "<value>");
        for (const flag of [short, long]) {
          if (!flag) continue;
          expect(kinds.get(flag) ?? kind, `${flag} of ${command.name()}`).toBe(kind);
          kinds.set(flag, kind);
        }
      }
    }
    expect(kinds.get("-p")).toBe("--prefix <value>");
  });

  test("the program's help lists every exit code", () => {
    for (const code of Object.values(exitCodes)) {
      expect(helpOf(program)).toMatch(new RegExp(`^  ${code}  \\w`, "m"));
    }
  });

  test("baton help token create prints the help of that command; baton help without a command is a usage error", async () => {
    const [byHelp, byOption, none] = await Promise.all(
      [["help", "token", "create"], ["token", "create", "--help"], []].map((args) => run(args)),
    );
    expect(byHelp).toMatchObject({ code: 0, stderr: "" });
    expect(byHelp?.stdout).toContain("Usage: baton token create");
    expect(byOption?.stdout).toBe(byHelp?.stdout);
    expect(none).toMatchObject({ code: exitCodes.usage, stdout: "" });
  });
});

test("the build leaves the command executable, so that npx runs it after npm pack", async () => {
  await access(baton, constants.X_OK);
});

test.each([
  ["input.ttlSeconds", "input.ttlSeconds: Must be 0", "--ttl: Must be 0"],
  [
    "input.namespacePrefix",
    "input.namespacePrefix: A namespace",
    "--namespace-prefix: A namespace",
  ],
  ["namespacePrefix", "namespacePrefix: A namespace", "--namespace-prefix: A namespace"],
  ["input.operations.1.delete.key", "input.operations.1.delete.key: A key", "key 2: A key"],
  ["input.key", "Another message: input.key: A key", "Another message: input.key: A key"],
  [
    undefined,
    'Start over with snapshot: true, or accept the gap with after: "41".',
    "Start over with --snapshot, or accept the gap with --after 41.",
  ],
])("a message of the API names the options of the command line: %s", (argument, message, said) => {
  const error = errorOf({ message, extensions: { code: "BAD_USER_INPUT", argument } });
  expect(messageOf(error)).toBe(said);
});

test.each<ErrorCode>([...errorCodes, "TIMEOUT", "BAD_RESPONSE"])(
  "the line of an error ends with its code, which docs/errors.md describes: %s",
  (code) => {
    expect(errorLine(new BatonError(code, "m"))).toMatch(new RegExp(`^m.* \\(${code}\\)$`));
  },
);

describe("the position of an error in JSON", () => {
  const isValid = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const isFound = (text: string) =>
    !describeJsonError(text).endsWith("expected the end, but it ends");

  test("exists exactly for the texts that JSON.parse refuses", () => {
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...'[]{},:"\\0-.eE+ \n\tunl'), fc.nat(2))
      .map(([json, at, piece, cut]) => {
        const index = at % (json.length + 1);
        return json.slice(0, index) + piece + json.slice(index + cut);
      });
    const words = fc.string({ unit: fc.constantFrom(...'[]{},:"\\01-.eE+ \nua') });
    fc.assert(
      fc.property(fc.oneof(fc.json(), mutated, words), (text) => {
        expect(isFound(text)).toBe(!isValid(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['{"a":1,\n "b":2,}', 'at line 2, column 8: expected a name in ", but there is "}"'],
    ["[1 2]", 'at line 1, column 4: expected , or ], but there is "2"'],
    ['"🗝" x', 'at line 1, column 5: expected the end, but there is "x"'],
    ["{'a': 1}", `at line 1, column 2: expected a name in " or }, but there is "'"`],
    ["[", "at line 1, column 2: expected a value or ], but it ends"],
    [
      '["\n"]',
      "at line 1, column 2: expected a value or ], but there is a string that is not terminated or has an invalid escape",
    ],
    ["", "at line 1, column 1: expected a value, but it ends"],
  ])("%j", (text, problem) => {
    expect(describeJsonError(text)).toBe(problem);
  });

  test("is found at any nesting", () => {
    expect(describeJsonError("[".repeat(1_000_000))).toMatch(/column 1000001.*it ends/);
  });
});
