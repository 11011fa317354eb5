import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { backupSqlite, restoreSqlite } from "../../src/database/sqlite/backup.ts";
import { query } from "../client.ts";
import { set } from "../operations.ts";
import { startTestServer } from "../server.ts";

async function inFolder(): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), "baton-backup-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** Opens a database that is not in use. Returns its epoch and its head. */
async function openedOnce(file: string): Promise<{ epoch: string; head: bigint }> {
  const config = defaultConfig({ databaseUrl: `file:${file}`, sqliteSynchronous: "normal" });
  const database = await openDatabase(config, pino({ level: "silent" }));
  const { epoch, head } = await database.readLogEnds("local");
  await database.close();
  return { epoch, head };
}

test("G15: a backup during writes is complete, and each restore of it has a different epoch", async () => {
  const file = await inFolder();
  await using server = await startTestServer({ databaseUrl: `file:${file("live.db")}` });
  let isOver = false;
  const writing = (async () => {
    for (let value = 0; !isOver; value++) await set(server, { key: "k", value });
  })();
  const { revision } = await set(server, { key: "before", value: 1 });
  await backupSqlite(file("live.db"), file("backup.db"));
  isOver = true;
  await writing;
  const { viewer } = await query(server, "{ viewer { epoch headRevision } }");
  await expect(backupSqlite(file("live.db"), file("backup.db"))).rejects.toThrow("already");
  await expect(restoreSqlite(file("backup.db"), file("live.db"), true)).rejects.toThrow(
    "is open in another process",
  );
  const seen = new Set([viewer.epoch as string]);
  for (const name of ["one.db", "another.db"]) {
    await restoreSqlite(file("backup.db"), file(name), false);
    const { epoch, head } = await openedOnce(file(name));
    expect(head >= BigInt(revision) && head <= BigInt(viewer.headRevision)).toBe(true);
    expect((await openedOnce(file(name))).epoch).toBe(epoch);
    seen.add(epoch);
  }
  expect(seen.size).toBe(3);
  await copyFile(file("backup.db"), file("replaced.db"));
  await restoreSqlite(file("backup.db"), file("replaced.db"), true);
  expect(seen.has((await openedOnce(file("replaced.db"))).epoch)).toBe(false);
});

test("only their owner can read a backup and a restored database, also one of a readable copy", async () => {
  const file = await inFolder();
  await openedOnce(file("live.db"));
  await backupSqlite(file("live.db"), file("backup.db"));
  await copyFile(file("backup.db"), file("copy.db"));
  await chmod(file("copy.db"), 0o644);
  await restoreSqlite(file("copy.db"), file("new-folder/restored.db"), false);
  for (const name of ["backup.db", "new-folder/restored.db"]) {
    expect((await stat(file(name))).mode & 0o777).toBe(0o600);
  }
});

test("says which file or folder prevents a backup or a restore", async () => {
  const file = await inFolder();
  await openedOnce(file("live.db"));
  await expect(backupSqlite(file("live.db"), file("missing/backup.db"))).rejects.toThrow(
    `${file("missing")} does not exist`,
  );
  await backupSqlite(file("live.db"), file("backup.db"));
  const whole = await readFile(file("backup.db"));
  await writeFile(file("cut.db"), whole.subarray(0, whole.length / 2));
  await expect(restoreSqlite(file("cut.db"), file("restored.db"), false)).rejects.toThrow(
    `${file("cut.db")} is damaged. Restore another backup.`,
  );
});
