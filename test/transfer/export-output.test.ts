import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openOutput } from "../../src/cli/operator/export-output.ts";
import { ProgressBar } from "../../src/cli/terminal/progress-bar.ts";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { exportStore } from "../../src/transfer/export-store.ts";
import { Sequence } from "../../src/transfer/sequence.ts";
import { setCommand } from "../commands.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { fillStore } from "./fill.ts";

describe("an export into a file", () => {
  let own: OwnDatabase;
  let database: Database;
  let folder: string;
  let whole: Buffer;
  const request = { user: "local", namespacePrefix: "" };
  const bounds = { maxItems: 50, maxBytes: 10 ** 6 };

  /** Exports until `maxTexts` texts are written. */
  async function exportTo(file: string, resume: boolean, maxTexts = Number.POSITIVE_INFINITY) {
    await using output = await openOutput({ ...request, output: file, resume });
    let texts = 0;
    for await (const text of exportStore(database, request, output.sequence, bounds)) {
      await output.write(text);
      if (++texts >= maxTexts) return;
    }
    await output.finish();
  }

  beforeAll(async () => {
    own = await createSqlite();
    const config = defaultConfig({ ...own.config, sqliteSynchronous: "normal" });
    database = await openDatabase(config, pino({ level: "silent" }));
    await fillStore(database, "local");
    folder = await mkdtemp(join(tmpdir(), "baton-output-"));
    await exportTo(join(folder, "whole"), false);
    whole = await readFile(join(folder, "whole"));
  });
  afterAll(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test("resumes after its last complete line, wherever it was cut off", async () => {
    const file = join(folder, "cut");
    const cuts = [0];
    // A file with only a part of its first line is not recognized as an export.
    for (let length = whole.indexOf("\n") + 1; length <= whole.length;) {
      cuts.push(length);
      length += Math.ceil(Math.random() * 8_000);
    }
    for (const length of cuts) {
      await writeFile(file, whole.subarray(0, length));
      await exportTo(file, true);
      expect((await readFile(file)).equals(whole)).toBe(true);
    }
  });

  test("is refused if the file contains only a part of its first line", async () => {
    const file = join(folder, "part");
    for (const length of [1, whole.indexOf("\n")]) {
      await writeFile(file, whole.subarray(0, length));
      await expect(exportTo(file, true)).rejects.toThrow(/no complete line of an export/);
      expect(await readFile(file)).toEqual(whole.subarray(0, length));
    }
  });

  test("is refused for a user without a store", async () => {
    const nobody = exportStore(database, { ...request, user: "lcoal" }, new Sequence());
    await expect(nobody.next()).rejects.toThrow("User lcoal has no store here");
  });

  test("can be read only by its owner, and is not overwritten", async () => {
    const file = join(folder, "whole");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(exportTo(file, false)).rejects.toThrow(/already exists.*--resume/);
    const another = openOutput({ ...request, user: "ann", output: file, resume: true });
    await expect(another).rejects.toThrow(/an export of user local/);
    await writeFile(join(folder, "notes"), "These are notes.\n");
    await expect(exportTo(join(folder, "notes"), true)).rejects.toThrow(/line 1: It is not JSON/);
    expect(await readFile(file)).toEqual(whole);
  });

  test("reports that the log was compacted past its position", async () => {
    const file = join(folder, "late");
    await exportTo(file, false, 2);
    const committer = new Committer({ database, limits: defaultConfig(), onCommit: () => {} });
    await committer.submit(setCommand("local", { namespace: "n", key: "k" }));
    await committer.close();
    const early = await readFile(file);
    await database.compact({ maxAgeMs: 0, maxChanges: 0 });
    await expect(exportTo(file, true)).rejects.toThrow(
      /no longer reaches back.*Begin a new export/,
    );
    const header = early
      .toString()
      .split("\n")[0]
      ?.replace(/"revision":"\d+"/, '"revision":"9999"');
    await writeFile(file, `${header}\n`);
    await expect(exportTo(file, true)).rejects.toThrow(/no longer reaches/);
  });
});

test("shows the progress on a terminal, and nothing elsewhere", () => {
  let shown = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const bar = new ProgressBar(stream);
  bar.show("Importing", 1, 2);
  bar.clear();
  expect(shown).toBe("");
  stream.isTTY = true;
  bar.show("Importing", 1, 2);
  bar.show("Importing", 3, 2);
  bar.clear();
  expect(shown).toBe(
    `\rImporting  ${"█".repeat(12)}${"░".repeat(12)}  50 %\x1b[K\rImporting  ${"█".repeat(24)} 100 %\x1b[K\r\x1b[K`,
  );
});
