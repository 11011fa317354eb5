import { mkdir, readFile, rm, stat, writeFile, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, test, vi } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { report } from "../../src/cli/terminal/report.ts";
import { defaultConfig, type Config } from "../../src/config.ts";
import { variableOf } from "../../src/option.ts";
import { options } from "../../src/options.ts";
import { startServer, type BatonServer } from "../../src/server.ts";
import { StartError } from "../../src/start-error.ts";
import { unknownVariables } from "../../src/unknown-variables.ts";
import { query, request, subscribe, subscribeBySse } from "../client.ts";
import { get, set, wholeLog } from "../operations.ts";
import { startTestServer } from "../server.ts";
import { BatonProcess, run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { runHere } from "./command-here.ts";

/** Starts the server of `baton serve` in this process. */
function startSilently(config: Partial<Config>): Promise<BatonServer> {
  return startServer(defaultConfig({ port: 0, ...config }), pino({ level: "silent" }));
}

describe("baton serve", () => {
  test("prints the page, the token's file, the API and the data, and keeps them for the next start", async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "deep", "data");
    const first = await serveProcess(dataDir);
    const tokenFile = join(dataDir, "local.token");
    expect(first.stdout).toContain(`GraphiQL   ${first.url}/graphql\n`);
    expect(first.stdout).toContain(`Token      ${tokenFile}\n`);
    expect(first.stdout).toContain(`Data       ${join(dataDir, "baton.db")}\n`);
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, "baton.db"))).mode & 0o777).toBe(0o600);
    await set(first, { key: "kept", value: { a: 1 } }, { agent: "one" });
    const entry = await get(first, "kept");
    expect((await first.kill("SIGTERM")).code).toBe(0);
    await using second = await serveProcess(dataDir);
    expect(second.token).toBe(first.token);
    expect(await get(second, "kept")).toEqual(entry);
    expect(await set(second, { key: "next", value: 1 })).toMatchObject({ revision: "2" });
  });

  test("an empty variable or flag means the default: only the address of this machine. BATON_PORT precedes PORT, and a misspelt variable is reported", async () => {
    await using folder = await temporaryFolder();
    await using server = new BatonProcess(["serve", "--data-dir", folder.path, "--log-level", ""], {
      BATON_HOST: "",
      HOST: "",
      DATABASE_URL: "",
      BATON_PORT: "0",
      PORT: "x",
      BATON_PROT: "1",
    });
    await server.says(/API +http:\/\/127\.0\.0\.1:/);
    expect(server.stderr).toContain('"host":"127.0.0.1"');
    expect(server.stderr).toMatch(/"level":40,.*"BATON_PROT is not a variable of Baton/);
    expect(server.stderr).not.toContain("without TLS");
  });

  test("HOST counts if BATON_HOST is not set, and PORT if Kubernetes has set BATON_PORT", () => {
    const { host, port } = options;
    expect(variableOf(host, { HOST: "::" })).toBe("HOST");
    expect(variableOf(host, { HOST: "::", BATON_HOST: "" })).toBe("HOST");
    expect(variableOf(host, { HOST: "::", BATON_HOST: "::1" })).toBe("BATON_HOST");
    expect(variableOf(host, {})).toBe("BATON_HOST");
    expect(variableOf(port, { BATON_PORT: "tcp://10.0.0.1:4000" })).toBe("PORT");
  });

  test("a variable is unknown if no command, client or test of Baton uses it, and Kubernetes does not set it", () => {
    const program = createProgram();
    const used = program.commands.flatMap(({ options: flags }) =>
      flags.map(({ envVar }) => envVar),
    );
    const others = [
      "BATON_TEST_X",
      "BATON_SERVICE_HOST",
      "BATON_PORT_4000_TCP",
      "BATON_1_PORT",
      "X",
    ];
    const names = ["BATON_MAX_ENTRYS", "BATON_MAX_ENTRIE", ...used, ...others].map(String);
    expect(used).toContain("BATON_RETRY_FOR");
    expect(unknownVariables(Object.fromEntries(names.map((name) => [name, "1"])))).toEqual([
      "BATON_MAX_ENTRIE",
      "BATON_MAX_ENTRYS",
    ]);
  });

  test("reports without a token whether it is live and ready", async () => {
    await using server = await startTestServer();
    for (const [path, status] of [
      ["live", "live"],
      ["ready", "ready"],
    ]) {
      const response = await fetch(`${server.url}/health/${path}`);
      expect([response.status, await response.json()]).toEqual([200, { status }]);
    }
  });

  test("SIGTERM: running mutations get responses, subscriptions complete, exit code 0 within 5 s", async () => {
    await using folder = await temporaryFolder();
    await using server = await serveProcess(folder.path);
    await set(server, { key: "first", value: 0 });
    const subscriptions = [
      subscribe(server, 'subscription { entryChanged(after: "0") { key revision } }'),
      await subscribeBySse(server, 'subscription { entryChanged(after: "0") { key revision } }'),
    ];
    for (const events of subscriptions) await events.take(1);
    const document = "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }";
    const writes = Array.from({ length: 200 }, (_, index) =>
      request(server.url, server.token, document, {
        input: { key: `k${index}`, value: index },
      }).catch(() => null),
    );
    await Promise.race(writes);
    const begin = Date.now();
    const { code } = await server.kill("SIGTERM");
    expect(code).toBe(0);
    expect(Date.now() - begin).toBeLessThan(5_000);
    for (const events of subscriptions) await events.rest();
    const answers = await Promise.all(writes);
    const acknowledged = answers.flatMap((answer) => answer?.data?.setEntry?.revision ?? []);
    const refused = answers.flatMap((answer) => answer?.errors?.[0]?.extensions.code ?? []);
    expect(new Set(refused).size).toBeLessThanOrEqual(1);
    if (refused.length > 0) expect(refused).toContain("UNAVAILABLE");
    await using again = await serveProcess(folder.path);
    const kept = new Set((await wholeLog(again)).map(({ revision }) => revision));
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter((revision) => !kept.has(revision))).toEqual([]);
  });

  test("SIGHUP does not end it, although it has nothing to read again", async () => {
    await using folder = await temporaryFolder();
    await using server = await serveProcess(folder.path);
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr).toContain("nothing to read again");
    expect((await server.kill("SIGTERM")).code).toBe(0);
  });

  test("SIGINT also ends it; a second signal, which npm sends on a terminal, has no effect", async () => {
    await using folder = await temporaryFolder();
    await using server = await serveProcess(folder.path);
    const events = subscribe(server, "subscription { entryChanged(snapshot: true) { kind } }");
    await events.take(1);
    server.child.kill("SIGINT");
    server.child.kill("SIGTERM");
    expect((await server.kill("SIGINT")).code).toBe(0);
    await expect(events.rest()).resolves.toEqual([]);
  });

  test("SIGTERM to npm start reaches the server, and npm exits with 0", async () => {
    await using folder = await temporaryFolder();
    // Without the scripts before it, because they build dist/, which other tests use.
    const args = ["start", "--ignore-scripts", "--", "--port", "0", "--data-dir", folder.path];
    const npm = spawn("npm", args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(npm, "close");
    let said = "";
    npm.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    await expect.poll(() => said).toMatch(/API .*\n/);
    npm.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    const url = /API +(\S+)\n/.exec(said)?.[1] as string;
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  test("G5 G2: kill -9 during writes loses no acknowledged write, and leaves no gap", async () => {
    await using folder = await temporaryFolder();
    const acknowledged: { key: string; revision: string; value: number }[] = [];
    for (let round = 0; round < 2; round++) {
      const server = await serveProcess(folder.path);
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let value = 0; ; value++) {
          const key = `round${round}:writer${writer}`;
          const answer = await set(server, { key, value }).catch(() => null);
          if (!answer) return;
          acknowledged.push({ key, revision: answer.revision, value });
        }
      });
      const target = acknowledged.length + 50;
      await expect.poll(() => acknowledged.length).toBeGreaterThan(target);
      await server.kill("SIGKILL");
      await Promise.all(writers);
    }
    await using server = await serveProcess(folder.path);
    const log = await wholeLog(server);
    expect(log.map(({ revision }) => Number(revision))).toEqual(log.map((_, index) => index + 1));
    const { viewer } = await query(server, "{ viewer { headRevision } }");
    expect(Number(viewer.headRevision)).toBe(log.length);
    for (const { key, value } of acknowledged) {
      expect(log.some((change) => change.key === key && change.entry.value === value)).toBe(true);
    }
    const last = new Map(log.map((change) => [change.key, change.entry.value]));
    for (const [key, value] of last) expect((await get(server, key))?.value).toBe(value);
  });

  test("logs starts, stops and errors as JSON lines, and requests at debug; never a token or a value", async () => {
    await using folder = await temporaryFolder();
    const off = ["--board", "off", "--graphiql", "off"];
    const server = await serveProcess(folder.path, ["--log-level", "debug", ...off]);
    expect(server.stdout).not.toMatch(/Board|GraphiQL/);
    await set(server, { key: "confidential key", value: "confidential value" });
    await request(server.url, "baton_wrong", "{ viewer { user } }");
    await fetch(`${server.url}/graphql?query=%7Bviewer%7Buser%7D%7D&token=confidential`);
    const { stderr } = await server.kill("SIGTERM");
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; tokenId?: string });
    expect(lines.map(({ msg }) => msg)).toEqual([
      "token.created",
      "started",
      "request",
      "request",
      "request",
      "stopping",
      "stopped",
    ]);
    const requests = lines.filter(({ msg }) => msg === "request");
    expect(requests.map(({ tokenId }) => tokenId)).toEqual(["tok_local", undefined, undefined]);
    expect(stderr).not.toMatch(/confidential|baton_/);
  });

  test("--help lists every option with its unit, default and variable", async () => {
    const { code, stdout } = await run(["serve", "--help"]);
    expect(code).toBe(0);
    const text = stdout.replace(/\s+/g, " ");
    for (const option of Object.values(options)) {
      expect(text).toContain(`--${option.flag} <${option.unit}>`);
      expect(text).toContain(`env: ${option.env}`);
      if (option.default !== "")
        expect(text).toContain(`default: ${JSON.stringify(option.default)}`);
    }
    await expect(stdout).toMatchFileSnapshot("serve-help.txt");
  });

  describe("an error of the command line is one line that says what is valid", () => {
    test.each([
      ["an unknown option", ["serve", "--prot", "1"], {}, /^baton: .*--prot.*--port.*\n$/],
      ["an invalid variable", ["serve"], { PORT: "http" }, /PORT.*whole number/],
    ])("%s: it exits with 2", async (_name, args, env, message) => {
      const { code, stdout, stderr } = await run(args, env);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n").length).toBe(1);
      expect([code, stdout]).toEqual([2, ""]);
    });

    const token = ["token", "create", "--user", "u"];

    test.each([
      ["an invalid port", ["serve", "--port", "70000"], /70000.*whole number from 0 to 65535/],
      ["an invalid choice", ["serve", "--sqlite-synchronous", "off"], /full, normal/],
      ["an unknown command", ["sevre"], /serve/],
      ["an unexpected argument", ["serve", "here"], /argument/],
      ["an invalid scope", [...token, "--scope", "delete"], /delete.*read, write/],
      ["a grant without a namespace", [...token, "--grant", "read"], /read,write files:\*/],
      ["grants and scopes", [...token, "--grant", "read *", "--scope", "read"], /either/],
      ["an expiry without unit", [...token, "--expires", "30"], /30d/],
      ["no user", ["token", "create"], /--user/],
      ["a namespace with a star inside", [...token, "--namespaces", "a*b"], /a\*b/],
    ])("%s", async (_name, args, message) => {
      const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      try {
        const error = await createProgram()
          .parseAsync(args, { from: "user" })
          .catch((fault: unknown) => fault);
        expect(report(error)).toBe(2);
        expect(said.mock.calls).toEqual([[expect.stringMatching(/^baton: .*\n$/)]]);
        expect(said.mock.calls[0]?.[0]).toMatch(message);
      } finally {
        said.mockRestore();
      }
    });
  });

  describe("an error of the start is one line", () => {
    /** The error that `startServer` throws. A process prints only its message. */
    async function refusal(config: Partial<Config>): Promise<StartError> {
      const starting = startServer(
        defaultConfig({ port: 0, ...config }),
        pino({ level: "silent" }),
      );
      const error = await starting.then(
        (server) => server.close(),
        (fault: unknown) => fault,
      );
      expect(error).toBeInstanceOf(StartError);
      return error as StartError;
    }

    test("a port in use: exit code 1", async () => {
      await using folder = await temporaryFolder();
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const { port } = taken.address() as { port: number };
      const message = new RegExp(
        `^{.*token.created.*\nbaton: Port ${port} .* is in use.*--port.*\n$`,
      );
      const args = ["--port", String(port), "--data-dir", folder.path];
      expect(await run(["serve", ...args])).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(message),
      });
      taken.close();
    });

    test("an invalid database URL: exit code 2, without the password", async () => {
      await using folder = await temporaryFolder();
      const url = "mysql://me:hidden@127.0.0.1/db";
      const args = ["--data-dir", folder.path, "--database-url", url];
      const { code, stdout, stderr } = await run(["serve", ...args]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^baton: DATABASE_URL must be postgresql:.*\n$/);
      expect(stderr).not.toContain("hidden");
    });

    test("a file or an address that an option names wrongly: exit code 2, and nothing is created", async () => {
      await using folder = await temporaryFolder();
      const short = join(folder.path, "short");
      await writeFile(short, "too short");
      const jwts = { jwtIssuer: "https://issuer.example", jwtAudience: "baton" };
      const wrong: Partial<Config>[] = [
        { ...jwts, jwtSecretFile: short },
        { ...jwts, jwtSecretFile: join(folder.path, "missing") },
        { trustedDocuments: short },
        { metrics: "127.0.0.1:70000" },
      ];
      const dataDir = join(folder.path, "data");
      for (const config of wrong) {
        expect(await refusal({ dataDir, ...config })).toMatchObject({ exitCode: 2 });
      }
      expect(await readdir(folder.path)).toEqual(["short"]);
    });

    test.each([
      ["postgresql://me:hid#den@127.0.0.1/db", 2, /^DATABASE_URL is not a valid URL/],
      ["postgresql://me:hidden@127.0.0.1:1/db", 1, /127\.0\.0\.1:1\/db.*ECONNREFUSED/],
    ])(
      "an invalid database, reported without its password: %s",
      async (databaseUrl, exitCode, why) => {
        await using folder = await temporaryFolder();
        const { message, ...error } = await refusal({ dataDir: folder.path, databaseUrl });
        expect(error.exitCode).toBe(exitCode);
        expect(message).toMatch(why);
        expect(message).not.toMatch(/hid|\n/);
      },
    );

    test("a data directory that cannot be written", async () => {
      await using folder = await temporaryFolder();
      await writeFile(join(folder.path, "file"), "");
      expect(await refusal({ dataDir: join(folder.path, "file", "data") })).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(/^.*cannot be written.*--data-dir.*$/),
      });
    });

    test("a file that is not a database", async () => {
      await using folder = await temporaryFolder();
      const text = "These are notes, not a database. ".repeat(100);
      await writeFile(join(folder.path, "baton.db"), text);
      expect(await refusal({ dataDir: folder.path })).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(/^.*baton\.db is not a Baton database.*$/),
      });
      expect(await readFile(join(folder.path, "baton.db"), "utf8")).toBe(text);
    });

    test.each(["baton.db", "local.token"])("a folder instead of %s", async (file) => {
      await using folder = await temporaryFolder();
      await mkdir(join(folder.path, file));
      expect(await refusal({ dataDir: folder.path })).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(new RegExp(`^.*${file}.*$`)),
      });
    });

    test("a data directory in a place that the system does not allow", async ({ skip }) => {
      if (process.platform !== "linux") skip();
      expect(await refusal({ dataDir: "/proc/baton/data" })).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(/^.*cannot be written.*$/),
      });
    });
  });

  test("--version prints the package's version", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe("baton token", () => {
  test("create, list and revoke work while the server runs", async () => {
    await using folder = await temporaryFolder();
    await using server = await serveProcess(folder.path);
    const at = ["--data-dir", folder.path];
    const created = await runHere([
      "token",
      "create",
      ...at,
      "--user",
      "ann",
      "--agent",
      "parser",
      "--scope",
      "read",
      "--namespaces",
      "pipeline:*,handoff",
      "--expires",
      "30d",
    ]);
    expect(created.code).toBe(0);
    const token = created.stdout.trim();
    expect(token).toMatch(/^baton_[\w-]{43}$/);
    const asAnn = { url: server.url, token };
    const { viewer } = await query(asAnn, "{ viewer { user agent scopes namespacePatterns } }");
    expect(viewer).toEqual({
      user: "ann",
      agent: "parser",
      scopes: ["READ"],
      namespacePatterns: ["pipeline:*", "handoff"],
    });
    const list = await runHere(["token", "list", ...at, "--user", "ann"]);
    expect(list.stdout).not.toContain(token);
    const [, id] =
      /^(tok_\w+) +ann +parser +read pipeline:\*; read handoff .* valid$/m.exec(list.stdout) ?? [];
    expect((await runHere(["token", "revoke", id as string, ...at])).code).toBe(0);
    expect((await request(server.url, token, "{ viewer { user } }")).status).toBe(401);
    expect((await runHere(["token", "list", ...at])).stdout).toMatch(
      new RegExp(`${id} .* revoked$`, "m"),
    );
    expect(await runHere(["token", "revoke", "tok_none", ...at])).toMatchObject({
      code: 1,
      stdout: "",
    });
  });

  test("list and revoke create no database, and say where they searched for it", async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "nowhere");
    for (const command of [["list"], ["revoke", "tok_1"]]) {
      const { code, stderr } = await runHere(["token", ...command, "--data-dir", dataDir]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(join(dataDir, "baton.db"))]);
    }
    await expect(stat(dataDir)).rejects.toThrow("ENOENT");
  });

  test("a removed local token is reported at the start, and another one can be created", async () => {
    await using folder = await temporaryFolder();
    const server = await startSilently({ dataDir: folder.path });
    await server.close();
    await rm(join(folder.path, "local.token"));
    await using again = new BatonProcess(["serve", "--port", "0", "--data-dir", folder.path]);
    await again.says(/Token +none.*baton token create --user local/);
  });
});
