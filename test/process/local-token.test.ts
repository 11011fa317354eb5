import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { remakeToken } from "../../src/remake-token.ts";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { query, request } from "../client.ts";
import { BatonProcess, run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { runHere } from "./command-here.ts";
import { hasTerminals, onTerminal } from "./on-terminal.ts";

/** Creates the database of a data directory, like the first start of a server. */
async function createDatabase(dataDir: string): Promise<void> {
  await (await openDatabase(defaultConfig({ dataDir }), pino({ level: "silent" }))).close();
}

const PATH = process.env.PATH ?? "";

/** Runs `baton …` on a terminal until it has printed the expected text or has ended. */
async function said(
  args: readonly string[],
  { typed = "", until }: { typed?: string; until?: RegExp } = {},
): Promise<string> {
  const [program, ...rest] = onTerminal(args);
  const child = spawn(program, rest, { env: { PATH }, stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  onTestFinished(() => void child.kill());
  // `script` ends only when its input has also ended.
  if (until) child.stdin.write(typed);
  else child.stdin.end(typed);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    // Ctrl-C, as a person would press it.
    if (until?.test(text)) child.stdin.end("\u0003");
  });
  await closed;
  return text.replaceAll("\r", "");
}

describe("the link with the token", () => {
  test("is printed to a terminal", async ({ skip }) => {
    if (!(await hasTerminals())) skip();
    await using folder = await temporaryFolder();
    const args = ["serve", "--port", "0", "--data-dir", folder.path];
    const text = await said(args, { until: /Data {7}\S+\r\n/ });
    const token = (await readFile(join(folder.path, "local.token"), "utf8")).trim();
    expect(text).toMatch(new RegExp(`GraphiQL   http://127.0.0.1:\\d+/graphql#token=${token}\n`));
    expect(text).toContain(`Token      ${join(folder.path, "local.token")}\n`);
  });

  test.each(["127.0.0.1", "0.0.0.0"])(
    "is in no other output and no log with HOST=%s; they name the token's file, and the log warns of an open address",
    async (host) => {
      await using folder = await temporaryFolder();
      await using server = await serveProcess(folder.path, ["--host", host, "--log-level=debug"]);
      await query(server, "{ viewer { user } }");
      const { stdout, stderr } = await server.kill("SIGTERM");
      expect(stdout).toContain(`Token      ${join(folder.path, "local.token")}\n`);
      expect(stdout).toMatch(/GraphiQL {3}http:\S+\/graphql\n/);
      expect(stdout + stderr).not.toContain(server.token);
      expect(stdout + stderr).not.toContain("#token=");
      expect(stderr).toContain(`"host":"${host}"`);
      expect(/"level":40,.*listens on 0\.0\.0\.0 without TLS/.test(stderr)).toBe(
        host === "0.0.0.0",
      );
    },
  );
});

test("the suggested command names the database by its variable, without a password", () => {
  const command = "baton token create --user local --save";
  expect(remakeToken({ dataDir: "./data", databaseUrl: "" })).toBe(`: ${command}`);
  const databaseUrl = "postgresql://baton:secret@db.example.com/baton";
  expect(remakeToken({ dataDir: "/b 2", databaseUrl })).toBe(
    `, with the server's DATABASE_URL: ${command} --data-dir '/b 2'`,
  );
});

describe.concurrent("revoking the local token", () => {
  test("warns, needs --yes without a terminal, and names the command that creates another token", async () => {
    await using folder = await temporaryFolder();
    const at = ["--data-dir", folder.path];
    const file = join(folder.path, "local.token");
    const server = await serveProcess(folder.path);
    const { token: first } = server;

    const unasked = await runHere(["token", "revoke", "tok_local", ...at]);
    expect([unasked.code, unasked.stdout]).toEqual([exitCodes.usage, ""]);
    expect(unasked.stderr).toMatch(/^baton: tok_local is the local token: [^\n]*--yes\.\n$/);
    await query({ url: server.url, token: first }, "{ viewer { user } }");

    const revoked = await runHere(["token", "revoke", "tok_local", "--yes", ...at]);
    expect(revoked.code).toBe(0);
    expect((await request(server.url, first, "{ viewer { user } }")).status).toBe(401);
    const [, command = ""] = /To create another: baton (.*)\n/.exec(revoked.stderr) ?? [];
    expect(command).toBe(`token create --user local --save --data-dir ${folder.path}`);

    const made = await runHere(command.split(" "));
    expect([made.code, made.stdout]).toEqual([0, ""]);
    expect(made.stderr).toContain(file);
    const second = (await readFile(file, "utf8")).trim();
    expect(second).not.toBe(first);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // The command line and the next start find the new token in the same place.
    expect((await run(["status", "--url", server.url, ...at])).code).toBe(0);
    await server.kill("SIGTERM");
    await using again = await serveProcess(folder.path);
    expect(again.stdout).toContain(`Token      ${file}\n`);
    await query({ url: again.url, token: second }, "{ viewer { user } }");

    // The new token is the local token.
    const list = await runHere(["token", "list", ...at]);
    const [, id = ""] = /^(tok_\w+) .* valid$/m.exec(list.stdout) ?? [];
    const next = await runHere(["token", "revoke", id, ...at]);
    expect([next.code, next.stderr]).toEqual([
      exitCodes.usage,
      expect.stringContaining("is the local token"),
    ]);
  });

  test.sequential("asks on a terminal; the token stays after no or Ctrl-D", async ({ skip }) => {
    if (!(await hasTerminals())) skip();
    await using folder = await temporaryFolder();
    const server = await serveProcess(folder.path);
    await server.kill("SIGTERM");
    const revoke = ["token", "revoke", "tok_local", "--data-dir", folder.path];
    const state = async () =>
      /^tok_local .* (\w+)$/m.exec(
        (await runHere(["token", "list", "--data-dir", folder.path])).stdout,
      )?.[1];
    for (const typed of ["n\n", "\u0004"]) {
      expect(await said(revoke, { typed })).toMatch(
        /tok_local is the local token: .*Revoke it\? \[y\/N\] [^]*Nothing was revoked\.\n/,
      );
    }
    expect(await state()).toBe("valid");
    expect(await said(revoke, { typed: "y\n" })).toMatch(
      /tok_local is revoked\.\nTo create another: baton token create --user local --save --data-dir/,
    );
    expect(await state()).toBe("revoked");
    await using again = new BatonProcess(["serve", "--port", "0", "--data-dir", folder.path]);
    await again.says(/Token +none.*baton token create --user local --save --data-dir \S+\n/);
  });

  test("revokes other tokens without a question", async () => {
    await using folder = await temporaryFolder();
    const at = ["--data-dir", folder.path];
    await createDatabase(folder.path);
    await runHere(["token", "create", "--user", "local", "--save", ...at]);
    const created = await runHere(["token", "create", "--user", "ann", ...at]);
    const list = await runHere(["token", "list", "--user", "ann", ...at]);
    const [, id = ""] = /^(tok_\w+) /m.exec(list.stdout) ?? [];
    const { code, stderr } = await runHere(["token", "revoke", id, ...at]);
    expect(code).toBe(0);
    const [line = "", ...others] = stderr.split("\n");
    expect(others).toEqual([`${id} is revoked.`, ""]);
    // The server's log does not have these changes, so the commands write the lines.
    const audit = { user: "ann", by: "cli", account: userInfo().username, tokenId: id };
    expect(JSON.parse(line)).toMatchObject({ audit: "token.revoked", ...audit });
    const [createdLine = ""] = created.stderr.split("\n");
    expect(JSON.parse(createdLine)).toMatchObject({ audit: "token.created", ...audit });
    expect(created.stderr).not.toContain(created.stdout.trim());
    const again = await runHere(["token", "revoke", id, ...at]);
    expect(again.stderr).toBe(`${id} is revoked.\n`);
  });
});

describe.concurrent("token create --save", () => {
  test("needs a database, replaces an invalid token, and keeps a valid one", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "local.token");
    const save = ["token", "create", "--user", "local", "--save", "--data-dir", folder.path];
    const misplaced = await runHere(save);
    expect([misplaced.code, misplaced.stdout]).toEqual([1, ""]);
    expect(misplaced.stderr).toMatch(/baton\.db does not exist\. Name its folder with --data-dir/);
    expect(await readdir(folder.path)).toEqual([]);
    await createDatabase(folder.path);
    expect((await runHere(save)).code).toBe(0);
    const secret = await readFile(file, "utf8");
    const refused = await runHere(save);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toMatch(/has the valid token tok_\w+\. .*baton token revoke tok_/);
    expect(await readFile(file, "utf8")).toBe(secret);
    await writeFile(file, "not a token\n");
    expect((await runHere(save)).code).toBe(0);
    await rm(file);
    expect((await runHere(save)).code).toBe(0);
    expect((await readFile(file, "utf8")).trim()).toMatch(/^baton_/);
  });
});
