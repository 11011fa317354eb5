import { once } from "node:events";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { issuerKey, TestIssuer } from "../auth/test-issuer.ts";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startTestServer } from "../server.ts";
import { run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { runHere } from "./command-here.ts";
import { mountMemory } from "./mounted-disk.ts";

const certificate = (part: "cert" | "key") =>
  fileURLToPath(new URL(`../tls/first.${part}.pem`, import.meta.url));

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === "::1");

interface Finding {
  readonly check: string;
  readonly result: string;
  readonly message: string;
}

/** The failed checks, and the exit code. */
async function doctor(...args: string[]) {
  const { code, stdout, stderr } = await runHere(["doctor", "--json", ...args]);
  expect(stderr).toBe("");
  const findings = JSON.parse(stdout) as Finding[];
  const bad = findings.filter(({ result }) => result !== "ok");
  return { code, findings, bad };
}

describe.concurrent("baton doctor", () => {
  test("finds no errors before the first start, and creates nothing", async ({ expect }) => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const args = ["--data-dir", dataDir, "--port", "0"];
    const { code, bad } = await doctor(...args);
    expect([code, bad]).toEqual([0, []]);
    const misspelt = await runHere(["doctor", ...args], { BATON_MAX_ENTRYS: "3" });
    expect(misspelt.code).toBe(0);
    expect(misspelt.stdout).toMatch(/^warning +configuration: BATON_MAX_ENTRYS is not a variable/m);
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
      message: `a server is ready at ${server.url}`,
    });
    await using other = await temporaryFolder();
    const otherToken = join(other.path, "local.token");
    await writeFile(otherToken, "baton_other", { mode: 0o600 });
    const beside = await doctor("--data-dir", other.path, "--port", port);
    expect(beside.bad).toEqual([
      {
        check: "server",
        result: "warning",
        message: expect.stringContaining(`but refuses the token in ${otherToken}.`),
      },
    ]);

    await runHere(["set", "k", "1", "--url", server.url, "--token", server.token]);
    await own.execute(`UPDATE "Change" SET "at" = "at" + 3600000`);
    const readable = [join(folder.path, "local.token"), own.url.slice("file:".length)];
    for (const file of readable) await chmod(file, 0o644);
    const warned = await doctor(...args);
    expect(warned.code).toBe(0);
    expect(warned.bad).toEqual([
      ...readable.map((file) =>
        expect.objectContaining({
          check: "data directory",
          message: expect.stringContaining(`chmod 600 ${file}`),
        }),
      ),
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
    const text = "SQLite format 3\0 and nothing like it";
    await writeFile(join(folder.path, "baton.db"), text, { mode: 0o600 });
    const { code, bad } = await doctor("--data-dir", folder.path, "--port", "0");
    expect([code, bad]).toEqual([
      1,
      [expect.objectContaining({ check: "database", result: "failure" })],
    ]);
    await mkdir(join(folder.path, "empty"));
    await writeFile(join(folder.path, "empty/file"), "");
    const file = await doctor("--data-dir", join(folder.path, "empty/file"), "--port", "0");
    expect(file.code).toBe(1);
    expect(file.bad[0]).toMatchObject({ check: "data directory", result: "failure" });
  });

  test("reports every option that prevents a start", async ({ expect }) => {
    await using folder = await temporaryFolder();
    const nowhere = join(folder.path, "nowhere");
    const database = ["--data-dir", folder.path, "--port", "0", "--database-url", "mysql://a"];
    const tls = ["--tls-cert-file", nowhere, "--tls-key-file", nowhere];
    const others = ["--metrics", "nowhere", "--jwt-issuer", "https://issuer.example"];
    const documents = ["--trusted-documents", nowhere];
    const args = [...database, ...tls, ...documents, ...others];
    const { code, bad } = await doctor(...args);
    expect([code, (await run(["doctor", ...args])).code]).toEqual([1, 1]);
    expect(bad.map(({ check, result, message }) => [check, result, message])).toEqual([
      ["configuration", "failure", expect.stringMatching(/^DATABASE_URL/)],
      ["configuration", "failure", expect.stringMatching(/^The file of --tls-cert-file .*ENOENT/)],
      ["configuration", "failure", expect.stringMatching(/^The trusted documents .*ENOENT/)],
      ["identity provider", "failure", expect.stringMatching(/--jwt-audience/)],
      ["metrics", "failure", expect.stringMatching(/^--metrics/)],
    ]);
  });

  test("reads the keys of the identity provider", async ({ expect }) => {
    await using folder = await temporaryFolder();
    await using issuer = await TestIssuer.start(await issuerKey("one", "ES256"));
    const gone = await TestIssuer.start();
    await gone[Symbol.asyncDispose]();
    const found = async (url: string, ...args: string[]) => {
      const at = ["--data-dir", folder.path, "--port", "0", "--jwt-audience", "baton"];
      const { code, findings } = await doctor(...at, "--jwt-issuer", url, ...args);
      return { code, ...findings.find(({ check }) => check === "identity provider") };
    };
    const [readable, otherwiseSigned, unreachable] = await Promise.all([
      found(issuer.url),
      found(issuer.url, "--jwt-algorithms", "RS256"),
      found(gone.url),
    ]);
    expect(readable).toMatchObject({
      code: 0,
      result: "ok",
      message: expect.stringMatching(/for ES256$/),
    });
    expect(otherwiseSigned).toMatchObject({
      code: 0,
      result: "warning",
      message: expect.stringMatching(/publishes no key for RS256/),
    });
    expect(unreachable).toMatchObject({
      code: 1,
      result: "failure",
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  test("reports an address of another machine, and a port that another program uses", async ({
    expect,
  }) => {
    await using folder = await temporaryFolder();
    const at = ["--data-dir", folder.path];
    const other = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    // The address is one of those for documentation.
    const [away, occupied] = await Promise.all([
      doctor(...at, "--host", "203.0.113.7"),
      doctor(...at, "--port", String(port), "--metrics", `127.0.0.1:${port}`),
    ]);
    other.close();
    expect([away.code, away.bad]).toEqual([
      1,
      [
        {
          check: "address",
          result: "failure",
          message: expect.stringMatching(/^203.0.113.7 is not an address of this machine/),
        },
      ],
    ]);
    expect(occupied.code).toBe(1);
    expect(occupied.bad.map(({ check, message }) => [check, message])).toEqual([
      ["server", expect.stringMatching(`^Port ${port} of 127.0.0.1 is in use`)],
      ["metrics", expect.stringMatching(/EADDRINUSE/)],
    ]);
  });

  test("reports an HTTPS server whose certificate has another name, and warns of an address for other machines without TLS", async ({
    expect,
  }) => {
    const tls = { tlsCertFile: certificate("cert"), tlsKeyFile: certificate("key") };
    await using server = await startTestServer(tls);
    const { port } = new URL(server.url);
    const at = ["--data-dir", server.dataDir, "--port"];
    const files = ["--tls-cert-file", tls.tlsCertFile, "--tls-key-file", tls.tlsKeyFile];
    const named = await doctor(...at, port, "--host", "::ffff:127.0.0.1", ...files);
    expect(named.bad).toEqual([]);
    for (const [check, message] of [
      ["address", "listens on ::ffff:127.0.0.1, for other machines too, with TLS"],
      ["server", `a server is ready at https://[::ffff:127.0.0.1]:${port}`],
    ]) {
      expect(named.findings).toContainEqual({ check, result: "ok", message });
    }
    const open = await doctor(...at, "0", "--host", "0.0.0.0");
    expect(open.bad).toEqual([
      {
        check: "address",
        result: "warning",
        message: expect.stringMatching(/^listens on 0.0.0.0, for other machines too. Encrypt/),
      },
    ]);
    const local = ["127.0.0.1", "127.1.2.3", "localhost", ...(hasIpv6 ? ["::1"] : [])].map((host) =>
      doctor(...at, "0", "--host", host),
    );
    for (const { bad } of await Promise.all(local)) expect(bad).toEqual([]);
  });

  test("reports a disk with little space, and a full disk", async ({ expect, skip }) => {
    await using disk = await mountMemory(8);
    if (!disk) return skip("This process has no permission to mount a disk.");
    const little = await doctor("--data-dir", disk.path, "--port", "0");
    expect([little.code, little.bad]).toEqual([
      0,
      [
        {
          check: "disk",
          result: "warning",
          message: `8 MiB free at ${disk.path}, less than 16 times the 1 MiB to keep free (--min-free-mebibytes). Make room on it.`,
        },
      ],
    ]);
    await disk.fill();
    const full = await doctor("--data-dir", disk.path, "--port", "0");
    expect(full.code).toBe(1);
    expect(full.bad).toContainEqual(
      expect.objectContaining({
        check: "disk",
        message: expect.stringMatching(
          /^0 MiB free .*, less than the 1 MiB to keep free \(--min-free-mebibytes\): /,
        ),
      }),
    );
  });

  test("checks PostgreSQL before the first start, with weakened durability, and if it cannot be reached", async ({
    expect,
  }) => {
    await using folder = await temporaryFolder();
    await using own = await createPostgres();
    const at = ["--data-dir", folder.path, "--port", "0"];
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
