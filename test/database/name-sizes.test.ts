import { randomInt } from "node:crypto";
import pino from "pino";
import { expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { checkNameSizes, maxNameBytes } from "../../src/database/postgres/name-sizes.ts";
import { startServer } from "../../src/server.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { setCommand } from "../commands.ts";
import { createMigratedPostgres } from "../postgres-partitioned.ts";

const logger = pino({ level: "silent" });

/** A name of this many bytes. PostgreSQL compresses long names in an index, and cannot compress this one. */
function nameOf(bytes: number): string {
  let name = "x".repeat(bytes % 3);
  while (Buffer.byteLength(name) < bytes) name += String.fromCodePoint(0x4e00 + randomInt(20_000));
  return name;
}

test("G9: with PostgreSQL, a server refuses to start if its limits allow names that no index holds", async () => {
  const config = defaultConfig({ databaseUrl: "postgresql://127.0.0.1:1/baton" });
  const refused = startServer({ ...config, maxKeyBytes: 2_089 }, logger);
  await expect(refused).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^With PostgreSQL, .* 2600 bytes .* allow 2601: lower them\.$/),
  });
  checkNameSizes({ ...config, maxKeyBytes: 2_088 });
  checkNameSizes({ ...config, databaseUrl: "", maxKeyBytes: 8_000 });
  expect(() => checkNameSizes({ ...config, maxAgentBytes: 1_173 })).toThrow(/2602/);
});

test("G9: PostgreSQL stores names of this total size, and a longer one is LIMIT_EXCEEDED and fails alone", async () => {
  await using own = await createMigratedPostgres();
  const limits = defaultConfig(own.config);
  const database = await openDatabase(limits, logger);
  const committer = new Committer({ database, limits, onCommit: () => {} });
  try {
    for (const [user, namespace] of [
      [1, 1],
      [256, 256],
      [801, 799],
    ] as const) {
      const place = { namespace: nameOf(namespace), key: nameOf(maxNameBytes - user - namespace) };
      const written = await committer.submit(setCommand(nameOf(user), place));
      expect(written.revision).toBe(1n);
    }
    const place = { namespace: "default", key: "key" };
    const [long, other] = await Promise.allSettled([
      committer.submit(setCommand("long", { ...place, key: nameOf(7_000) })),
      committer.submit(setCommand("other", place)),
    ]);
    expect(long).toMatchObject({
      reason: { code: "LIMIT_EXCEEDED", extensions: { limit: "maxKeyBytes", max: maxNameBytes } },
    });
    expect(other).toMatchObject({ value: { revision: 1n } });
  } finally {
    await committer.close();
    await database.close();
  }
});
