import { namespaceEffects, type NamespaceEffects } from "../store/commit/namespace-effects.ts";
import type { ImportTransaction } from "../store/contract.ts";
import { isAlive, sql, type SqlClient } from "./sql.ts";

type RemovedEntry = Parameters<typeof namespaceEffects>[0]["deleted"][number];

/**
 * The statements that only an import uses.
 * @param saveNamespaces updates the totals of the namespaces after the entries change
 */
export function importStatements(
  client: SqlClient,
  saveNamespaces: (userId: string, effects: NamespaceEffects) => Promise<void>,
): ImportTransaction {
  return {
    async loadImport(userId) {
      const rows = await client.all<{ digest: string; position: bigint; expiredCount: number }>(
        sql`SELECT "digest", "position", "expiredCount" FROM "Import" WHERE "userId" = ${userId}`,
      );
      return rows[0] ? { ...rows[0], position: Number(rows[0].position) } : null;
    },

    async saveImport(userId, state) {
      await client.run(
        state === null
          ? sql`DELETE FROM "Import" WHERE "userId" = ${userId}`
          : sql`INSERT INTO "Import" ("userId", "digest", "position", "expiredCount")
              VALUES (${userId}, ${state.digest}, ${state.position}, ${state.expiredCount})
              ON CONFLICT ("userId") DO UPDATE SET "digest" = excluded."digest", "position" = excluded."position",
                "expiredCount" = excluded."expiredCount"`,
      );
    },

    async setCompacted(userId, compacted) {
      await client.run(
        sql`UPDATE "User" SET "compactedRevision" = ${compacted} WHERE "userId" = ${userId}`,
      );
      // The search index belongs to the previous log, so it is built again from the beginning.
      await client.run(
        sql`UPDATE "SearchProgress" SET "indexedRevision" = -1 WHERE "userId" = ${userId}`,
      );
    },

    async hasEntries(userId, now) {
      const rows = await client.all(
        sql`SELECT 1 FROM "Entry" WHERE "userId" = ${userId} AND ${isAlive(sql`${now}`)} LIMIT 1`,
      );
      return rows.length > 0;
    },

    removeChanges: (userId, maxItems) =>
      client.run(sql`
        DELETE FROM "Change" WHERE "userId" = ${userId} AND "revision" IN (
          SELECT "revision" FROM "Change" WHERE "userId" = ${userId} ORDER BY "revision" LIMIT ${maxItems})`),

    async removeEntries(userId, maxItems) {
      const removed = await client.all<RemovedEntry>(sql`
        DELETE FROM "Entry" WHERE "userId" = ${userId} AND ("namespace", "key") IN (
          SELECT "namespace", "key" FROM "Entry" WHERE "userId" = ${userId}
          ORDER BY "namespace", "key" LIMIT ${maxItems})
        RETURNING "namespace", "sizeBytes", "updatedAt", "createdBy", "updatedBy"`);
      await saveNamespaces(userId, namespaceEffects({ deleted: removed, written: [] }));
      return removed.length;
    },
  };
}
