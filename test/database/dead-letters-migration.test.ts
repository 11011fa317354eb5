import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { migratedKinds } from "./migrated-databases.ts";

const migration = /_dead_letters$/;

test.each(migratedKinds)(
  "on $name, existing work is unchanged, and none of it is dead-lettered",
  async ({ create, released }) => {
    const connection = await (await create()).open();
    const earlier = released.copy();
    const later = earlier.names.slice(earlier.names.findIndex((name) => migration.test(name)));
    for (const name of later) rmSync(join(earlier.folder, name), { recursive: true });
    await connection.migrate(earlier);
    const at = "1970-01-01 00:00:00";
    const columns = `"userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt", "createdBy",
      "updatedBy", "expiresAt", "claimToken", "claimAttempt", "claimExpiresAt", "isCompleted", "sizeBytes", "metadata", "value"`;
    for (const key of ["done", "held"]) {
      await connection.execute(
        `INSERT INTO "Entry" (${columns}) VALUES ('ann', 'work', '${key}', 7, 6, '${at}', '${at}', 'one', 'two',
           '${at}', 'token', 5, '${at}', ${key === "done"}, 11, '{"a":1.0}', '[1.0]')`,
      );
    }
    const read = () => connection.query(`SELECT ${columns} FROM "Entry" ORDER BY "key"`);
    const before = await read();
    expect(before).toHaveLength(2);
    expect(await connection.migrate(released)).toEqual(later);
    expect(await read()).toEqual(before);
    expect(
      await connection.query(
        `SELECT "key" FROM "Entry" WHERE "isDeadLettered" = false AND "claimMaxAttempts" IS NULL
           AND "claimFailedAt" IS NULL AND "claimError" IS NULL`,
      ),
    ).toHaveLength(2);
  },
);
