import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { sweep } from "../../src/store/commit/sweep.ts";
import { search } from "../../src/store/search/search.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { exportStore } from "../../src/transfer/export-store.ts";
import { discardImport, importStore } from "../../src/transfer/import-store.ts";
import { readExport } from "../../src/transfer/read-export.ts";
import { Sequence } from "../../src/transfer/sequence.ts";
import { wholeFile } from "../../src/transfer/whole-file.ts";
import { clearCommand, deleteCommand, setCommand } from "../commands.ts";
import { databases } from "../databases.ts";
import { expectNamespaceRows } from "../namespace-rows.ts";
import type { OwnDatabase } from "../own-database.ts";
import { expire } from "../time.ts";
import { exportText, storedEntry } from "./export-text.ts";
import { importFile, writeExport } from "./fill.ts";

class Stopped extends Error {}

/** Stops before the batch that begins at this line or after it. */
function stopAt(line: number) {
  return {
    maxItems: 10,
    checkStop: (lines: number) => {
      if (lines >= line) throw new Stopped();
    },
  };
}

describe.each(databases)("an import into $name", ({ name, create }) => {
  let own: OwnDatabase;
  let database: Database;
  let committer: Committer;
  let folder: string;
  let file: string;
  let revision: bigint;
  let users = 0;
  const newUser = () => `user-${++users}`;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-import-"));
    file = join(folder, "file");
    ({ revision } = await writeExport(file, 100));
    own = await create();
    const config = defaultConfig({ ...own.config, sqliteSynchronous: "normal" });
    database = await openDatabase(config, pino({ level: "silent" }));
    committer = new Committer({ database, limits: config, onCommit: () => {} });
  });
  afterAll(async () => {
    await committer.close();
    await database.close();
    await own[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const place = { namespace: "z", key: "k" };
  const keysOf = async (userId: string) => {
    const selection = { namespaces: [everything], keys: everything };
    const query = { userId, selection, onlyKeys: null, after: null };
    const { items } = await database.readEntries(query, { maxItems: 1_000, maxBytes: 10 ** 9 });
    return items.map(({ namespace, key }) => `${namespace}/${key}`);
  };

  test("G8: leaves out expired entries, and the entries that they replaced", async () => {
    const user = newUser();
    const past = new Date(0);
    const lines = exportText({ begin: 4n, end: 6n }, [
      { kind: "EXISTING", entry: storedEntry({ key: "a", revision: 1n }) },
      { kind: "EXISTING", entry: storedEntry({ key: "b", revision: 2n, expiresAt: past }) },
      { kind: "EXISTING", entry: storedEntry({ key: "c", revision: 3n }) },
      { kind: "SET", entry: storedEntry({ key: "a", revision: 5n, expiresAt: past }) },
      { kind: "SET", entry: storedEntry({ key: "b", revision: 6n, createdRevision: 6n }) },
    ]);
    const own = join(folder, user);
    await writeFile(own, lines.join(""));
    expect(await importFile(database, user, own, { maxItems: 1 })).toBe(2);
    expect(await keysOf(user)).toEqual(["n/b", "n/c"]);
  });

  test("keeps dead letters with their errors and their maximum number of attempts", async () => {
    const user = newUser();
    const failed = {
      claimAttempt: 3,
      claimMaxAttempts: 3,
      claimFailedAt: new Date(4_102_444_800_123),
      claimError: '{"z":1.0,"a":"why"}',
      isDeadLettered: true,
    };
    const entries = [
      storedEntry({ key: "a", revision: 1n, sizeBytes: 4, ...failed }),
      storedEntry({ key: "b", revision: 2n, createdRevision: 2n, sizeBytes: 4, ...failed }),
      storedEntry({ key: "c", revision: 3n, createdRevision: 3n, sizeBytes: 4 }),
    ] as const;
    const lines = exportText({ begin: 1n, end: 3n }, [
      { kind: "EXISTING", entry: entries[0] },
      { kind: "SET", entry: entries[1] },
      { kind: "SET", entry: entries[2] },
    ]);
    const own = join(folder, user);
    await writeFile(own, lines.join(""));
    await importFile(database, user, own, { maxItems: 1 });
    const selection = { namespaces: [everything], keys: everything };
    const bounds = { maxItems: 10, maxBytes: 10 ** 9 };
    const query = { userId: user, selection, onlyKeys: null, after: null };
    expect((await database.readStoredEntries(query, bounds)).items).toEqual(entries);
    // An export also reads these members with the log.
    await committer.submit(setCommand(user, entries[1]));
    await committer.submit(setCommand(user, entries[2]));
    const log = await database.readStoredLog({ userId: user, selection, after: 3n }, bounds);
    expect(log.changes.map(({ entry }) => entry)).toMatchObject([
      { key: "b", ...failed },
      { key: "c", claimAttempt: 0, claimError: null, isDeadLettered: false },
    ]);
  });

  test("is refused if an entry or a later revision exists, and begins after a removed log", async () => {
    const user = newUser();
    await committer.submit(setCommand(user, place));
    await expect(importFile(database, user, file)).rejects.toThrow(/not empty.*remove its entries/);
    // The expired entry has not been removed yet.
    await expire(own, place.key);
    expect(await importFile(database, user, file)).toBe(2);
    await sweep(database, committer);
    expect(await database.readLogEnds(user)).toMatchObject({ head: revision, compacted: revision });
    const query = { userId: user, selection: { namespaces: [everything], keys: everything } };
    const bounds = { maxItems: 10, maxBytes: 10_000 };
    expect((await database.readLog({ ...query, after: 0n }, bounds)).changes).toEqual([]);

    await expect(importFile(database, user, file)).rejects.toThrow(/imported before/);
    const keys = await keysOf(user);
    await committer.submit(clearCommand(user, "a"));
    await committer.submit(clearCommand(user, "b"));
    expect(keys.length).toBeGreaterThan(40);
    await expect(importFile(database, user, file)).rejects.toThrow(/cannot decrease.*--user/);
  });

  /** Updates the search index to the end of the log. */
  const index = async (user: string) => {
    while (await database.indexStep(user));
  };
  const found = async (userId: string, text: string) => {
    const query = { userId, namespaces: [everything], folded: text, before: null };
    const { items } = await search(database, query, { maxItems: 2_000, maxBytes: 10 ** 9 });
    return items.map(({ entry }) => entry.key).toSorted();
  };
  const names = Array.from({ length: 700 }, (_, at) => `k${String(at).padStart(6, "0")}`);
  const fill = (user: string, keys: readonly string[], namespace = "a") =>
    Promise.all(
      keys.map((key) => committer.submit(setCommand(user, { namespace, key }, `"all ${key}x"`))),
    );
  /** A file of the names in the order of their revisions. It ends at the given revision. */
  const namesFile = async (user: string, end: bigint) => {
    const lines = names.map((key, at) => ({
      kind: "EXISTING" as const,
      entry: storedEntry({ namespace: "a", key, revision: BigInt(at + 1), value: `"all ${key}x"` }),
    }));
    const path = join(folder, user);
    await writeFile(path, exportText({ begin: end, end }, lines).join(""));
    return path;
  };

  test.each([702n, 2_000n])(
    "its entries are found, regardless of the user's earlier index: the file ends at %s",
    async (end) => {
      const user = newUser();
      // Revisions in reverse order, so that earlier and imported entries have different ones.
      await fill(user, names.toReversed());
      await index(user);
      await committer.submit(clearCommand(user, "a"));
      expect(await importFile(database, user, await namesFile(user, end))).toBe(0);
      await index(user);
      expect(await found(user, "all k")).toEqual(names);
      expect(await found(user, "k000050x")).toEqual(["k000050"]);
      expect(await database.readUnindexed(1_000)).not.toContain(user);
    },
  );

  test("is not indexed before it is complete, and its entries are not found after it was discarded", async () => {
    const user = newUser();
    await fill(user, names.toReversed());
    await committer.submit(clearCommand(user, "a"));
    const path = await namesFile(user, 2_000n);
    await expect(importFile(database, user, path, stopAt(300))).rejects.toThrow(Stopped);
    expect(await database.readUnindexed(1_000)).not.toContain(user);
    expect(await database.indexStep(user)).toBe(0);
    await discardImport(database, user);
    await index(user);
    const others = names.slice(0, 600);
    await fill(user, others, "aa");
    await index(user);
    await fill(user, names, "z");
    await index(user);
    expect(await found(user, "all k")).toEqual([...others, ...names].toSorted());
  });

  test("blocks all other writes to its store until it has finished, and no writes elsewhere", async () => {
    const user = newUser();
    await expect(importFile(database, user, file, stopAt(50))).rejects.toThrow(Stopped);
    await expire(own, "0000003", "0000004");
    for (const command of [
      setCommand(user, place),
      deleteCommand(user, { namespace: "a", key: "0000003" }),
      clearCommand(user, "a"),
    ]) {
      await expect(committer.submit(command)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
    await committer.submit(setCommand(newUser(), place));
    await sweep(database, committer);
    await database.compact({ maxAgeMs: 0, maxChanges: 0 });
    expect(await database.readLogEnds(user)).toMatchObject({ head: 0n, compacted: revision });

    await importFile(database, user, file);
    // Its last lines delete these entries, and clear them with later ones.
    const reference = newUser();
    await importFile(database, reference, file);
    await sweep(database, committer);
    const keys = await keysOf(reference);
    expect(await keysOf(user)).toEqual(keys.filter((key) => key !== "a/0000003"));
    const { head } = await database.readLogEnds(user);
    const { revision: next } = await committer.submit(setCommand(user, place));
    expect([head, next]).toEqual([revision + 1n, revision + 2n]);
  });

  test("does not finish with a file that became shorter", async () => {
    const user = newUser();
    const shrinking = join(folder, user);
    await copyFile(file, shrinking);
    const whole = wholeFile(shrinking, await readExport(shrinking, () => {}));
    const lines = (await readFile(file, "utf8")).split("\n");
    await writeFile(shrinking, `${lines.slice(0, 20).join("\n")}\n`);
    const progress = { onBatch: () => {}, checkStop: () => {} };
    const imported = importStore(database, user, whole, progress);
    await expect(imported).rejects.toThrow("has changed during the import");
    await importFile(database, user, file);
  });

  test("continues only with its own file, and one at a time", async () => {
    const user = newUser();
    const another = join(folder, "another");
    await writeExport(another, 20);
    await expect(importFile(database, user, file, stopAt(50))).rejects.toThrow(Stopped);
    await expect(importFile(database, user, another)).rejects.toThrow(/another file.*--discard/);
    let isFirst = true;
    const overtaken = importFile(database, user, file, {
      maxItems: 10,
      checkStop: async () => {
        if (!isFirst) return;
        isFirst = false;
        await importFile(database, user, file);
      },
    });
    await expect(overtaken).rejects.toThrow(/Another baton import/);
    const reference = newUser();
    await importFile(database, reference, file);
    expect(await keysOf(user)).toEqual(await keysOf(reference));
  });

  test("names the lines that the database does not accept", async ({ skip }) => {
    if (name === "SQLite") skip();
    const user = newUser();
    const key = randomBytes(3_000).toString("base64");
    const lines = exportText({ begin: 1n, end: 1n }, [
      { kind: "EXISTING", entry: storedEntry({ key }) },
    ]);
    const own = join(folder, user);
    await writeFile(own, lines.join(""));
    await expect(importFile(database, user, own)).rejects.toThrow(
      /lines 1 to 3 cannot be stored here: .*index.* --discard/,
    );
    await discardImport(database, user);
  });

  test("G3 G4: can be discarded completely; then its user can write again, and no earlier export can continue", async () => {
    const user = newUser();
    await fill(user, names.slice(0, 60));
    await committer.submit(clearCommand(user, "a"));
    const exporting = exportStore(database, { user, namespacePrefix: "" }, new Sequence());
    expect((await exporting.next()).value).toContain('"revision":"61"');
    await expect(importFile(database, user, file, stopAt(50))).rejects.toThrow(Stopped);
    expect((await exporting.next()).value).toContain("EXISTING");
    await discardImport(database, user);
    await expect(exporting.next()).rejects.toThrow(/no longer reaches back to revision 61/);
    expect(await keysOf(user)).toEqual([]);
    expect(await database.readLogEnds(user)).toMatchObject({ head: 62n, compacted: 62n });
    expect(await committer.submit(setCommand(user, place))).toMatchObject({ revision: 63n });
    await expect(discardImport(database, user)).rejects.toThrow(/No import/);
  });

  test("leaves correct counts of namespaces, whether it finished, was interrupted or was discarded", () =>
    expectNamespaceRows(own));
});
