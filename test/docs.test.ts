import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { query } from "./client.ts";
import { blocksOf, codeIn, compile, Shown, started, type Block } from "./document.ts";
import { Proxy } from "./examples/proxy.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { claim, complete, get, mutate, requeue, set, setMany } from "./operations.ts";
import { temporaryFolder } from "./process/baton-process.ts";
import { startTestServer, type TestServer } from "./server.ts";

describe("what docs/*.md show, done as they show it", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const environment = () => ({ BATON_URL: server.url, BATON_TOKEN: server.token });

  describe("docs/graphql.md", () => {
    const isStream = ({ code }: Block) => code.includes("text/event-stream");

    test("what is asked by curl is answered as it says; streams and sockets show it", async () => {
      await using folder = await temporaryFolder();
      const { path: cwd } = folder;
      await symlink(server.dataDir, join(cwd, "data"));
      const blocks = await blocksOf("docs/graphql.md", server);
      const shell = blocks.filter((block) => block.language === "sh" && !isStream(block));
      const script = shell.map(({ code }) => code).join("echo ----\n");
      await using asked = new Shown("sh", ["-euc", script], { cwd });
      const [, ...answers] = (await asked.whole()).split("----\n");
      expect(answers.map(jsonLines)).toEqual(codeIn(blocks, "json").map((code) => asShown(code)));

      const texts = codeIn(blocks, "text");
      const streams = blocks.filter(isStream);
      expect([streams.length, texts.length]).toEqual([2, 2]);
      const prelude = shell[0]?.code ?? "";
      for (const [index, { code }] of streams.entries()) {
        await using stream = new Shown("sh", ["-euc", `${prelude}exec ${code}`], { cwd });
        await stream.shows(texts[index] as string);
      }

      const [program = ""] = codeIn(blocks, "js");
      const args = ["--input-type=module", "-e", program];
      await using follower = new Shown(process.execPath, args, { env: environment() });
      await follower.shows("SET plan\nSET count\n");
    });
  });

  describe("docs/quick-start.md", () => {
    async function program(): Promise<{ code: string; texts: string[] }> {
      const blocks = await blocksOf("docs/quick-start.md", server);
      return { code: codeIn(blocks, "ts").join("\n"), texts: codeIn(blocks, "text") };
    }

    test("its blocks are one program, which says what the page says, and again when it is run again", async () => {
      const { code, texts } = await program();
      const expected = texts.flatMap((text) => text.trim().split("\n"));
      const run = async () => {
        await using shown = await started(code, environment());
        return (await shown.whole()).split("\n");
      };
      // What the watch says comes in between; and the log goes on, so that the revision is another.
      const steady = (lines: readonly string[]) =>
        lines
          .filter((line) => !/^(EXISTING|SET|that was all) /.test(line))
          .map((line) => line.replace(/^\d+ planner$/, "planner"));
      const lines = await run();
      expect(lines.filter((line) => expected.includes(line))).toEqual(expected);
      expect(steady(await run())).toEqual(steady(lines));
      expect(lines).toContain("that was all there is; now what comes");
      expect((await get(server, "task:1", "job-17:tasks"))?.value).toEqual({
        file: "a.md",
        words: 4,
      });
    });

    test("it compiles, and so do the types of the client, libraries checked", async () => {
      const { code } = await program();
      await compile(code);
    });
  });

  describe("docs/coordination.md", () => {
    const blocksIn = async (language: string) =>
      codeIn(await blocksOf("docs/coordination.md", server), language);

    test("its operations do what it says", async () => {
      const [writes, creation, transaction, wait, claims] = (await blocksIn("graphql")) as [
        string,
        string,
        string,
        string,
        string,
      ];
      const counted = await query(server, writes);
      expect(counted.incrementEntry.entry.value).toEqual({ completed: 1 });
      expect(counted.patchEntry.entry.value).toEqual({ completed: 1, phase: "parse" });
      expect(counted.appendToEntry.entry.value).toEqual(["file-17"]);

      expect((await query(server, creation)).createEntry.entry.key).toMatch(/^event:/);

      const { transact } = await query(server, transaction);
      expect(transact.results.map(({ deleted }: { deleted: boolean }) => deleted)).toEqual([
        null,
        null,
        false,
      ]);
      await expect(query(server, transaction)).rejects.toMatchObject({
        code: "CONFLICT",
        extensions: { argument: "input.conditions.0", currentValue: "planner" },
      });

      const waiting = query(server, wait);
      await set(server, { namespace: "handoff", key: "data-ready", value: 7 });
      expect((await waiting).awaitEntry).toMatchObject({ value: expect.anything() });

      await set(server, { namespace: "work", key: "task:0001", value: "todo" });
      const [take = ""] = claims.split("mutation Done");
      const { entry, claim } = (await query(server, take)).claimEntry;
      expect([entry, claim.attempt]).toEqual([{ key: "task:0001", value: "todo" }, 1]);
      await query(server, claims.slice(take.length), {
        key: entry.key,
        token: claim.token,
        result: "done",
      });
      expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 1 });
      expect((await query(server, take)).claimEntry).toEqual({ entry: null, claim: null });
    });

    test("work fails, is dead-lettered and begins again as it says", async () => {
      const [failing = "", letters = "", stuck = "", again = ""] = (
        await blocksIn("graphql")
      ).slice(5);
      const namespace = "work";
      const key = "task:0001";
      await mutate(server, "clearNamespace", "revision", { namespace });
      await set(server, { namespace, key, value: "todo" });
      const taken = await claim(server, { namespace, maxAttempts: 1 });
      const variables = { key, token: taken.claim.token, error: { message: "why" } };
      expect((await query(server, failing, variables)).failClaim).toEqual({
        claimableAt: null,
        deadLettered: true,
      });
      expect((await query(server, letters)).deadLetters.nodes).toMatchObject([
        { entry: { key, value: "todo" }, attempt: 1, error: { message: "why" } },
      ]);
      await requeue(server, { namespace, key });
      const { token } = (await claim(server, { namespace })).claim;
      await complete(server, { namespace, key, token });
      expect((await query(server, again)).transact.results[1]).toEqual({ reopened: true });
      expect((await claim(server, { namespace })).entry.value).toEqual({ page: 2 });
      await mutate(server, "clearNamespace", "revision", { namespace });
      await set(server, { namespace, key: "task:7", value: "todo" });
      await claim(server, { namespace });
      expect((await query(server, stuck)).revokeClaim).toEqual({ revoked: true });
      await mutate(server, "clearNamespace", "revision", { namespace });
    });

    test("its worker completes every task once, and counts them", async () => {
      await using folder = await temporaryFolder();
      const program = join(folder.path, "worker.mjs");
      const [code = ""] = await blocksIn("js");
      await writeFile(program, code);
      const keys = Array.from({ length: 12 }, (_, index) => `task:${index}`);
      await setMany(
        server,
        "work",
        keys.map((key) => ({ key, value: "todo" })),
      );
      await set(server, { namespace: "work", key: "meta", value: { completed: 0 } });
      const script = `
        const { workUntilDone } = await import(${JSON.stringify(pathToFileURL(program).href)});
        await workUntilDone(
          async (value, attempt) => [value, attempt],
          async (call) => (await call('{ entry(namespace: "work", key: "meta") { value } }')).entry.value.completed >= 12,
          20,
        );`;
      const args = ["--input-type=module", "-e", script];
      const worker = async () => {
        await using shown = new Shown(process.execPath, args, { env: environment() });
        await shown.whole();
      };
      await Promise.all([worker(), worker(), worker()]);
      expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 12 });
      for (const key of keys) expect((await get(server, key, "work"))?.value).toEqual(["todo", 1]);
    });
  });

  describe("docs/python.md", () => {
    async function python(): Promise<
      Record<"client" | "calls" | "follow" | "worker" | "requests" | "gql", string>
    > {
      const [client, calls, follow, worker, requests, gql, ...more] = codeIn(
        await blocksOf("docs/python.md", server),
        "python",
      ) as [string, string, string, string, string, string];
      expect(more).toEqual([]);
      return { client, calls, follow, worker, requests, gql };
    }

    function start(parts: readonly string[], url = server.url): Shown {
      const env = { ...environment(), BATON_URL: url };
      return new Shown("python3", ["-u", "-c", parts.join("\n")], { env });
    }

    /** Skips the test where Python, or one of its packages, is not. */
    async function need(skip: (note: string) => never, packages: string): Promise<void> {
      await using found = new Shown("python3", ["-c", `import ${packages}`]);
      await found.whole().catch(() => skip(`There is no python3 with: ${packages}`));
    }

    test("its calls do what it says", async ({ skip }) => {
      await need(skip, "json");
      const { client, calls } = await python();
      await using shown = start([client, calls]);
      expect(await shown.whole()).toBe("{'completed': 1, 'phase': 'parsed'}\n");
    });

    for (const library of ["json", "requests"] as const) {
      test(`it follows across drops, by ${library}: nothing missed, nothing twice`, async ({
        skip,
      }) => {
        await need(skip, library);
        const { client, follow, requests } = await python();
        await using proxy = new Proxy(() => server.url);
        await proxy.open();
        await set(server, { namespace: "jobs", key: "first", value: 1 });
        const [ways, demonstration] = follow.split(/^(?=for change in follow)/m) as [
          string,
          string,
        ];
        const print = 'for change in follow("jobs"):\n    print(change["kind"], change["key"])\n';
        const replaced = library === "requests" ? requests : "";
        await using shown = start([client, ways, replaced, demonstration, print], proxy.url);
        await shown.shows("EXISTING first\nCAUGHT_UP None\nEXISTING first\nCAUGHT_UP None\n");
        for (const key of ["second", "third"]) {
          await set(server, { namespace: "jobs", key: `${key}, followed`, value: 2 });
          await shown.shows(`SET ${key}, followed\n`);
          await proxy.cut();
          await set(server, { namespace: "jobs", key: `${key}, away`, value: 3 });
          await proxy.open();
          await shown.shows(`SET ${key}, away\n`);
        }
        const sets = shown.output.split("\n").filter((line) => line.startsWith("SET"));
        expect(sets).toEqual([
          "SET second, followed",
          "SET second, away",
          "SET third, followed",
          "SET third, away",
        ]);
      });
    }

    test("its worker completes every task once, also what a dead one held", async ({ skip }) => {
      await need(skip, "json");
      const { client, worker } = await python();
      const keys = Array.from({ length: 6 }, (_, index) => `task:${index}`);
      await setMany(
        server,
        "work",
        keys.map((key) => ({ key, value: "todo" })),
      );
      const stuck = `
def work(value, attempt):
    print("took", flush=True)
    time.sleep(600)
work_until_done(work, lambda: False, lease_seconds=3)`;
      await using dead = start([client, worker, stuck]);
      await dead.shows("took");
      await dead.kill();
      const alive = `
META = 'query { entry(namespace: "work", key: "meta") { value } }'
def is_done():
    entry = run(META)["entry"]
    return entry is not None and entry["value"]["completed"] == 6
def work(value, attempt):
    if attempt == 2:
        time.sleep(4)  # longer than the lease, which is renewed
    return [value, attempt]
work_until_done(work, is_done, lease_seconds=3)`;
      await using one = start([client, worker, alive]);
      await using other = start([client, worker, alive]);
      await Promise.all([one.whole(), other.whole()]);
      expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 6 });
      const values = await Promise.all(
        keys.map(async (key) => (await get(server, key, "work"))?.value),
      );
      expect(values).toEqual([["todo", 2], ...keys.slice(1).map(() => ["todo", 1])]);
    });

    for (const library of ["json", "requests"] as const) {
      test(`its worker outlives a restart and spoilt answers, by ${library}: no work is done twice`, async ({
        skip,
      }) => {
        await need(skip, library);
        const { client, worker, requests } = await python();
        await setMany(server, "work", [
          { key: "task:1", value: "long" },
          { key: "task:2", value: "short" },
        ]);
        await using proxy = await FaultyProxy.start(() => server.url);
        const spoilt = [
          proxy.spoil("entry(namespace", "refused"),
          proxy.spoil("claimEntry", "cut"),
          proxy.spoil("renewClaim", "refused"),
          proxy.spoil("renewClaim", "cut"),
          proxy.spoil("completeClaim", "cut"),
          // JSON that is not Baton's.
          proxy.spoil("renewClaim", { status: 200, json: { errors: "no" } }),
          proxy.spoil("entry(namespace", { status: 200, json: { data: {} } }),
          proxy.spoil("entry(namespace", {
            status: 429,
            json: { errors: [{ message: "slow down" }] },
          }),
          proxy.spoil("completeClaim", { status: 200, json: { errors: [] } }),
        ];
        const program = `
META = 'query { entry(namespace: "work", key: "meta") { value } }'
def is_done():
    entry = run(META)["entry"]
    return entry is not None and entry["value"]["completed"] == 2
def work(value, attempt):
    print("took", flush=True)
    time.sleep(3.5 if value == "long" else 0)  # longer than the lease, which is renewed
    return [value, attempt]
work_until_done(work, is_done, lease_seconds=3)`;
        const replaced = library === "requests" ? requests : "";
        await using shown = start([client, worker, replaced, program], proxy.url);
        await shown.shows("took");
        await server.restart();
        await shown.whole();
        await Promise.all(spoilt);
        expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 2 });
        expect((await get(server, "task:1", "work"))?.value).toEqual(["long", 1]);
        expect((await get(server, "task:2", "work"))?.value).toEqual(["short", 1]);
      });
    }

    test("a token is taken without its line end, and never shown", async ({ skip }) => {
      await need(skip, "json");
      const { client } = await python();
      const parts = [client, "print(run('{ viewer { user } }'))"];
      const withToken = (token: string) =>
        new Shown("python3", ["-c", parts.join("\n")], {
          env: { ...environment(), BATON_TOKEN: token },
        });
      await using shown = withToken(`${server.token}\r\n`);
      expect(await shown.whole()).toBe("{'viewer': {'user': 'local'}}\n");
      for (const token of ["baton_sec\nret", "baton_sec ret", "baton_secrét"]) {
        await using refused = withToken(token);
        await refused.shows("BATON_TOKEN is not a token");
        expect(refused.output + refused.complaints).not.toContain("baton_sec");
      }
    });

    test("its calls by requests do what it says", async ({ skip }) => {
      await need(skip, "requests");
      const { client, calls, requests } = await python();
      await using shown = start([client, requests, calls]);
      expect(await shown.whole()).toBe("{'completed': 1, 'phase': 'parsed'}\n");
    });

    test("gql is asked, refused, and told of what there is", async ({ skip }) => {
      await need(skip, "gql.transport.websockets");
      const { client, calls, follow, gql } = await python();
      await using shown = start([client, calls, follow, gql]);
      expect((await shown.whole()).split("\n").slice(-3)).toEqual([
        expect.stringContaining("{'entry': {'value': {'completed': 1, 'phase': 'parsed'}"),
        "CONFLICT",
        "",
      ]);
    });
  });
});

test("the links of docs lead somewhere, to headings too", async () => {
  const pages = (await readdir("docs", { recursive: true })).filter((name) => name.endsWith(".md"));
  const broken: string[] = [];
  for (const page of pages.map((name) => join("docs", name))) {
    for (const [, link = ""] of (await readFile(page, "utf8")).matchAll(/\]\((?!http)([^)]+)\)/g)) {
      const [path, heading] = link.split("#", 2) as [string, string?];
      const target = path === "" ? page : normalize(join(dirname(page), path));
      const text = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) =>
        error.code === "EISDIR" ? "" : null,
      );
      if (text === null || (heading && !headings(text).includes(heading))) {
        broken.push(`${page}: ${link}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

/** The names by which headings are linked to. */
function headings(page: string): string[] {
  const counts = new Map<string, number>();
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    // The second one of a name is called by its number, too.
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  });
}

function jsonLines(text: string): unknown[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

/** What a block of one or several answers expects: what it leaves out, and what is behind `…`, may be anything. */
function asShown(code: string): unknown[] {
  let answers: unknown[];
  try {
    answers = [JSON.parse(code)];
  } catch {
    answers = jsonLines(code);
  }
  return answers.map((answer) => matching(answer));
}

function matching(value: unknown): unknown {
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringContaining(value.slice(0, -1));
  }
  if (Array.isArray(value)) return value.map((item) => matching(item));
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).map(([name, member]) => [name, matching(member)]);
  return expect.objectContaining(Object.fromEntries(members));
}
