import { appendFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { refusal, subscribe } from "../client.ts";
import { clear, remove, set, wholeLog } from "../operations.ts";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { sorted, stateAt } from "../replay.ts";
import { expire } from "../time.ts";
import { fillStore, importFile, writeExport } from "../transfer/fill.ts";
import { BatonProcess, run, temporaryFolder } from "./baton-process.ts";
import { runHere } from "./command-here.ts";
import { msUntil, serveInstance } from "./instances.ts";

const kinds = [
  { name: "SQLite", create: createSqlite },
  { name: "PostgreSQL", create: () => createPostgres() },
];

type Own = { readonly url: string };

/** Runs a command that must succeed. */
async function succeed(args: readonly string[], own: Own) {
  const ended = await run([...args, "--database-url", own.url]);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return ended;
}

/** Uses the database directly, at the same time as the processes. */
async function beside<T>(own: Own, work: (database: Database) => Promise<T>): Promise<T> {
  const config = defaultConfig({ databaseUrl: own.url, sqliteSynchronous: "normal" });
  const database = await openDatabase(config, pino({ level: "silent" }));
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function rowsOf(own: Own, userId: string) {
  return beside(own, async (database) => {
    const selection = { namespaces: [everything], keys: everything };
    const query = { userId, selection, onlyKeys: null, after: null };
    const page = await database.readStoredEntries(query, { maxItems: 100_000, maxBytes: 10 ** 9 });
    return page.items;
  });
}

describe("baton export and baton import", () => {
  test("move a store from SQLite to PostgreSQL and back: every row and every byte, except leases", async () => {
    await using folder = await temporaryFolder();
    await using origin = await createSqlite();
    await using postgres = await createPostgres();
    await using back = await createSqlite();
    await beside(origin, async (database) => {
      await fillStore(database, "local");
      await expire(origin, "todo");
    });
    const first = join(folder.path, "first");
    const second = join(folder.path, "second");
    const { stdout, stderr } = await succeed(["export"], origin);
    await writeFile(first, stdout);
    expect(stderr).toMatch(
      /^\d+ entries and 0 changes of user local .* its store as of revision \d+\.\n$/,
    );
    await succeed(["import", first], postgres);
    await succeed(["export", "--output", second], postgres);
    const imported = await succeed(["import", second], back);
    expect(await readFile(second)).toEqual(await readFile(first));

    const rows = (await rowsOf(origin, "local")).map((row) => {
      return { ...row, claimToken: null, claimAgent: null, claimExpiresAt: null };
    });
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.map(({ key }) => key)).not.toContain("todo");
    expect(await rowsOf(postgres, "local")).toEqual(rows);
    expect(await rowsOf(back, "local")).toEqual(rows);
    expect(imported.stderr).toContain(`${rows.length} entries are in the store of user local`);
  });

  test.each(kinds)(
    "G4: an export on $name during writes of 8 agents is the state as of its revision",
    async ({ create }) => {
      await using folder = await temporaryFolder();
      await using own = await create();
      await using other = await createSqlite();
      const filling = join(folder.path, "filling");
      await writeExport(filling, 2_000);
      await beside(own, (database) => importFile(database, "local", filling));
      const filled = await rowsOf(own, "local");
      await using server = await serveInstance(own.url);
      let isWriting = true;
      let writes = 0;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let turn = 0; isWriting; turn++, writes++) {
          const namespace = `n${turn % 3}`;
          const key = `k${(turn * 7 + writer) % 20}`;
          if (turn % 37 === 4 * writer) await clear(server, namespace);
          else if (turn % 5 === 0) await remove(server, { namespace, key });
          else await set(server, { namespace, key, value: turn });
        }
      });
      await msUntil(() => writes > 50);
      // The store is so small that an export can end between two writes.
      let file: string;
      let exports = 0;
      do {
        file = join(folder.path, `file-${exports++}`);
        await succeed(["export", "--output", file], own);
      } while (exports < 20 && !(await hasChanges(file)));
      isWriting = false;
      await Promise.all(writers);
      const { head } = await beside(other, async (database) => {
        await importFile(database, "local", file);
        return database.readLogEnds("local");
      });
      const there = await rowsOf(other, "local");
      expect(there.slice(0, filled.length)).toEqual(filled);
      const written = there.slice(filled.length);
      const state = new Map(written.map((row) => [`${row.namespace}/${row.key}`, row.revision]));
      expect(sorted(state)).toEqual(sorted(stateAt(await wholeLog(server), head)));
      expect(await hasChanges(file)).toBe(true);
    },
  );

  /** An export file, and the rows of a store after an uninterrupted import of it. */
  let large: { file: string; revision: bigint; rows: Awaited<ReturnType<typeof rowsOf>> };
  let largeFolder: Awaited<ReturnType<typeof temporaryFolder>>;
  /** The store after that import. */
  let largeStore: Awaited<ReturnType<typeof createSqlite>>;
  beforeAll(async () => {
    largeFolder = await temporaryFolder();
    const file = join(largeFolder.path, "file");
    // Far more than is imported before the kill, even on a busy machine.
    const { revision } = await writeExport(file, 9_000);
    largeStore = await createSqlite();
    await beside(largeStore, (database) => importFile(database, "reference", file));
    large = { file, revision, rows: await rowsOf(largeStore, "reference") };
  });
  afterAll(async () => {
    await largeFolder[Symbol.asyncDispose]();
    await largeStore[Symbol.asyncDispose]();
  });

  test.each(kinds)(
    "G3 G5: an import on $name continues after repeated kills, and every subscriber notices it",
    async ({ create }) => {
      await using own = await create();
      const { file, revision, rows: reference } = large;
      await using server = await serveInstance(own.url, "--poll-interval-ms", "50");
      await using follower = subscribe(
        server,
        'subscription { entryChanged(after: "0") { revision } }',
      );
      const missed = refusal(follower.next());

      const args = ["import", file, "--database-url", own.url];
      await beside(own, async (database) => {
        const count = async () => (await database.readUsage("local", [everything])).entryCount;
        for (const signal of ["SIGINT", "SIGKILL"] as const) {
          await using importing = new BatonProcess(args);
          const target = (await count()) + 1 + Math.random() * 1_500;
          await msUntil(async () => (await count()) > target);
          const { stderr, ...ended } = await importing.kill(signal);
          expect(ended).toMatchObject({ code: null, signal });
          const said = /^baton: Stopped\. \d+ of 10803 lines .* Rerun the command to resume, .*\n$/;
          expect(stderr).toMatch(signal === "SIGINT" ? said : /^$/);
        }
      });
      // No client mistakes the part for the whole store, or writes to it.
      const exported = await runHere(["export", "--database-url", own.url]);
      expect(exported).toMatchObject({
        code: exitCodes.unavailable,
        stdout: "",
        stderr: expect.stringMatching(/^baton: [^\n]*import[^\n]*\(UNAVAILABLE\)\n$/),
      });
      const write = await refusal(set(server, { key: "k", value: 1 }));
      await using early = subscribe(
        server,
        "subscription { entryChanged(snapshot: true) { kind } }",
      );
      for (const refused of [write, await refusal(early.next())]) {
        expect([refused.code, refused.message]).toEqual([
          "UNAVAILABLE",
          expect.stringContaining("import"),
        ]);
      }
      expect(await run(args)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(`revision ${revision}`),
      });
      expect(await missed).toMatchObject({
        code: "REVISION_COMPACTED",
        extensions: { oldestRevision: String(revision + 1n) },
      });
      expect(await set(server, { namespace: "c", key: "k", value: 1 })).toMatchObject({
        revision: String(revision + 1n),
      });
      await using late = subscribe(
        server,
        "subscription { entryChanged(snapshot: true) { kind revision } }",
      );
      const shown = await late.until(({ kind }) => kind === "CAUGHT_UP");
      expect(shown.at(-1)).toMatchObject({ revision: String(revision + 1n) });

      expect(shown.length).toBe(reference.length + 2);
      expect((await rowsOf(own, "local")).filter(({ namespace }) => namespace !== "c")).toEqual(
        reference,
      );
    },
  );

  test("a stopped export says how to continue", async () => {
    // No program reads the output before the signal to stop. It is more than the buffers between two processes can hold.
    const args = ["export", "--user", "reference", "--database-url", largeStore.url];
    const baton = new BatonProcess(args);
    baton.child.stdout?.pause();
    await msUntil(() => (baton.child.stdout?.readableLength ?? 0) > 0);
    baton.child.kill("SIGTERM");
    baton.child.stdout?.resume();
    expect(await baton.ended()).toMatchObject({
      code: null,
      signal: "SIGTERM",
      stderr: expect.stringMatching(/^baton: Stopped\. The output is incomplete.*--output.*\n$/),
    });
  });

  test("an incomplete or damaged file is refused with the number of the line, and nothing is written", async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const file = join(folder.path, "file");
    await writeExport(file, 10);
    await appendFile(file, "{}\n");
    const { code, stderr } = await run(["import", file, "--data-dir", dataDir]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^baton: .*file, line 16: undefined is not a kind of line\.\n$/),
    ]);
    await truncate(file, 1_000);
    const torn = await runHere(["import", file, "--data-dir", dataDir]);
    expect([torn.code, torn.stderr]).toEqual([
      1,
      expect.stringMatching(/^baton: .*file, line \d: The file is not complete.*\n$/),
    ]);
    await expect(stat(dataDir)).rejects.toThrow("ENOENT");
  });

  test("a reader that ends early ends the export silently", async () => {
    await using own = await createSqlite();
    await beside(own, (database) => fillStore(database, "local"));
    const baton = new BatonProcess(["export", "--database-url", own.url]);
    baton.child.stdout?.destroy();
    expect(await baton.ended()).toMatchObject({ code: 0, signal: null, stderr: "" });
  });

  test("reports an error of the command line with exit code 2 or 1", async () => {
    await using folder = await temporaryFolder();
    const at = ["--data-dir", join(folder.path, "none")];
    await Promise.all(
      (
        [
          [["export", "--resume"], 2, /--output/],
          [["import"], 2, /file/],
          [["import", "-"], 2, /file/],
          [["import", "--discard", "file"], 2, /--discard does not accept a file/],
          [["export"], 1, /database .* does not exist/],
          [["import", join(folder.path, "missing")], 1, /cannot be read/],
          [["import", "/dev/null"], 1, /is not a regular file/],
        ] as const
      ).map(async ([args, code, message]) => {
        const ended = await runHere([...args, ...at]);
        expect([args, ended.code, ended.stderr]).toEqual([
          args,
          code,
          expect.stringMatching(message),
        ]);
        expect(ended.stderr).not.toMatch(/\n\s+at /);
      }),
    );
  });
});

/** Whether an export contains changes that were made during the export. */
async function hasChanges(file: string): Promise<boolean> {
  const last = (await readFile(file, "utf8")).split("\n").at(-2) ?? "";
  return /"changes":[1-9]/.test(last);
}
