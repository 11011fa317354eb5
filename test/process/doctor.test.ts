import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startTestServer } from "../server.ts";
import { run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { mountMemory } from "./mounted-disk.ts";

const certificate = (part: "cert" | "key") =>
  fileURLToPath(new URL(`../tls/first.${part}.pem`, import.meta.url));

interface Finding {
  readonly check: string;
  readonly result: string;
  readonly message: string;
}

/** The failed checks, and the exit code. */
async function doctor(...args: string[]) {
  const { code, stdout, stderr } = await run(["doctor", "--json", ...args]);
  expect(stderr).toBe("");
  const findings = JSON.parse(stdout) as Finding[];
  const bad = findings.filter(({ result }) => result !== "ok");
  return { code, findings, bad };
}

describe.concurrent("baton doctor", () => {
  test("finds no errors before the first start, and creates nothing", async ({ expect }) => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const { code, bad } = await doctor("--data-dir", dataDir, "--port", "1");
    expect([code, bad]).toEqual([0, []]);
    await expect(rm(dataDir)).rejects.toThrow("ENOENT");
  });

  test("runs next to a server on SQLite, and reports a changed clock, a readable token and a newer version", async ({
    expect,
  }) => {
    await using folder = await temporaryFolder();
    await using own = await createSqlite();
    const database = ["--database-url", own.url];
    await using server = await serveProcess(folder.path, database);
    const { port } = new URL(server.url);
    const args = ["--data-dir", folder.path, "--port", port, ...database];
    const well = await doctor(...args);
    expect([well.code, well.bad]).toEqual([0, []]);
    expect(well.findings).toContainEqual({
      check: "server",
      result: "ok",
      message: `ready at ${server.url}`,
    });

    await run(["set", "k", "1", "--url", server.url, "--token", server.token]);
    await own.execute(`UPDATE "Change" SET "at" = "at" + 3600000`);
    await chmod(join(folder.path, "local.token"), 0o644);
    const warned = await doctor(...args);
    expect(warned.code).toBe(0);
    expect(warned.bad).toEqual([
      expect.objectContaining({
        check: "data directory",
        message: expect.stringMatching(/chmod 600/),
      }),
      expect.objectContaining({ check: "clock", message: expect.stringMatching(/was set back/) }),
    ]);

    await own.execute(
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name", "applied_steps_count")
       VALUES ('x', 'x', '99991231000000_later', 1)`,
    );
    const newer = await doctor(...args);
    expect(newer.code).toBe(1);
    expect(newer.bad).toContainEqual({
      check: "migrations",
      result: "failure",
      message: expect.stringMatching(/99991231000000_later.*newer/),
    });
  });

  test("reports a file that is not a database, and a data directory that is a file", async ({
    expect,
  }) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "baton.db"), "SQLite format 3\0 and nothing like it");
    const { code, bad } = await doctor("--data-dir", folder.path, "--port", "1");
    expect([code, bad]).toEqual([
      1,
      [expect.objectContaining({ check: "database", result: "failure" })],
    ]);
    await mkdir(join(folder.path, "empty"));
    await writeFile(join(folder.path, "empty/file"), "");
    const file = await doctor("--data-dir", join(folder.path, "empty/file"), "--port", "1");
    expect(file.code).toBe(1);
    expect(file.bad[0]).toMatchObject({ check: "data directory", result: "failure" });
  });

  test("reports an HTTPS server whose certificate has another name, and tries every name of this machine", async ({
    expect,
  }) => {
    const tls = { tlsCertFile: certificate("cert"), tlsKeyFile: certificate("key") };
    await using server = await startTestServer(tls);
    const { port } = new URL(server.url);
    const args = ["--data-dir", server.dataDir, "--port", port, "--host", "::ffff:127.0.0.1"];
    const files = ["--tls-cert-file", tls.tlsCertFile, "--tls-key-file", tls.tlsKeyFile];
    const { bad, findings } = await doctor(...args, ...files);
    expect(bad).toEqual([expect.objectContaining({ check: "address", result: "warning" })]);
    expect(findings).toContainEqual({
      check: "server",
      result: "ok",
      message: `ready at https://[::ffff:127.0.0.1]:${port}`,
    });
    const local = ["127.0.0.1", "127.1.2.3", "::1", "localhost"].map((host) =>
      doctor("--data-dir", server.dataDir, "--port", "1", "--host", host),
    );
    expect((await Promise.all(local)).map((found) => found.bad)).toEqual([[], [], [], []]);
  });

  test("reports a disk with little space, and a full disk", async ({ expect, skip }) => {
    await using disk = await mountMemory(8);
    if (!disk) return skip("This process has no permission to mount a disk.");
    const little = await doctor("--data-dir", disk.path, "--port", "1");
    expect([little.code, little.bad]).toEqual([
      0,
      [
        {
          check: "disk",
          result: "warning",
          message: `8 MiB free at ${disk.path}. Make room on it.`,
        },
      ],
    ]);
    await disk.fill();
    const full = await doctor("--data-dir", disk.path, "--port", "1");
    expect(full.code).toBe(1);
    expect(full.bad).toContainEqual(
      expect.objectContaining({ check: "disk", message: expect.stringMatching(/^0 MiB free/) }),
    );
  });

  test("checks PostgreSQL before the first start, with weakened durability, and if it cannot be reached", async ({
    expect,
  }) => {
    await using folder = await temporaryFolder();
    await using own = await createPostgres();
    const at = ["--data-dir", folder.path, "--port", "1"];
    // The tests' PostgreSQL does not sync to the disk.
    const unsynced = [/^fsync is off/, /^full_page_writes is off/].map((message) =>
      expect.objectContaining({ check: "database", message: expect.stringMatching(message) }),
    );
    const fresh = await doctor(...at, "--database-url", own.url);
    expect([fresh.code, fresh.bad]).toEqual([0, unsynced]);
    expect(fresh.findings).toContainEqual(
      expect.objectContaining({ check: "migrations", message: expect.stringMatching(/_init/) }),
    );
    const name = new URL(own.url).pathname.slice(1);
    await own.execute(`ALTER DATABASE "${name}" SET synchronous_commit = off`);
    const weak = await doctor(...at, "--database-url", own.url);
    expect(weak.bad).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/^synchronous_commit is off/) }),
    );
    const none = await doctor(...at, "--database-url", "postgresql://x:y@127.0.0.1:1/z");
    expect([none.code, none.bad]).toEqual([
      1,
      [
        expect.objectContaining({
          check: "database",
          message: expect.stringMatching(/ECONNREFUSED/),
        }),
      ],
    ]);
  });
});
