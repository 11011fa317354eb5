import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectNamespaceRows } from "../namespace-rows.ts";
import { migratedKinds } from "./migrated-databases.ts";

const migration = /_namespace_totals$/;

test.each(migratedKinds)(
  "on $name, an existing store has the totals of its namespaces",
  async ({ create, released }) => {
    const connection = await (await create()).open();
    const earlier = released.copy();
    const later = earlier.names.slice(earlier.names.findIndex((name) => migration.test(name)));
    for (const name of later) rmSync(join(earlier.folder, name), { recursive: true });
    await connection.migrate(earlier);
    const at = "1970-01-01 00:00:00";
    const rows = [
      ["ann", "a", "1", "'one'", "'one'"],
      ["ann", "a", "2", "'one'", "'two'"],
      ["ann", "b", "1", "NULL", "NULL"],
      ["bob", "a", "1", "'one'", "NULL"],
    ];
    for (const [index, [userId, namespace, key, createdBy, updatedBy]] of rows.entries()) {
      await connection.execute(
        `INSERT INTO "Entry" ("userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt",
           "createdBy", "updatedBy", "sizeBytes", "metadata", "value")
         VALUES ('${userId}', '${namespace}', '${key}', ${index + 1}, 1, '${at}', '${at}', ${createdBy}, ${updatedBy},
           ${index + 10}, '{}', '1')`,
      );
    }
    expect(await connection.migrate(released)).toEqual(later);
    await expectNamespaceRows(connection);
    expect(await connection.query(`SELECT "userId" FROM "Namespace"`)).toHaveLength(3);
  },
);
