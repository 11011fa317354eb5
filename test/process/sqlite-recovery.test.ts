import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { set } from "../operations.ts";
import { run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { msUntil } from "./instances.ts";
import { expectRecovered, logEnd, type LogEnd } from "./recovered-history.ts";

/** The program, which .ci/run builds. */
const litestream = process.env.BATON_TEST_LITESTREAM;
if (!litestream) {
  console.log(
    "SKIPPED: SQLite's point-in-time recovery. BATON_TEST_LITESTREAM names no Litestream.",
  );
}

test.skipIf(!litestream)(
  "G15: point-in-time recovery of SQLite, as documented, keeps what was written until then",
  async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const replica = `file://${join(folder.path, "replica")}`;
    const restored = join(folder.path, "restored.db");
    const restore = async (...args: string[]) => {
      await rm(restored, { force: true });
      await promisify(execFile)(litestream ?? "", ["restore", ...args, "-o", restored, replica]);
    };
    const isCopied = async (text: string) => {
      try {
        await restore();
      } catch {
        return false; // Nothing is copied yet.
      }
      return (await readFile(restored)).includes(text);
    };

    let recoverAt: string;
    let lost: LogEnd;
    {
      await using server = await serveProcess(dataDir);
      const replicate = ["replicate", join(dataDir, "baton.db"), replica];
      const copying = spawn(litestream ?? "", replicate, { stdio: "ignore" });
      try {
        await set(server, { key: "kept", value: "this is kept" });
        await msUntil(() => isCopied("this is kept"), 20_000);
        recoverAt = new Date().toISOString();
        await set(server, { key: "lost", value: "this is lost" });
        lost = await logEnd(server);
        await msUntil(() => isCopied("this is lost"), 20_000);
      } finally {
        copying.kill();
        await once(copying, "close");
      }
    }

    await restore("-timestamp", recoverAt);
    const done = await run(["restore", restored, "--force", "--data-dir", dataDir]);
    expect(done.code, done.stderr).toBe(0);
    await using server = await serveProcess(dataDir);
    await expectRecovered(server, "this is kept", lost);
  },
);
