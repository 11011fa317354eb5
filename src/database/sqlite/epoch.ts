import { sql } from "../sql.ts";
import type { SqliteConnection } from "./connection.ts";

/** The epoch of the store, from the row of "History". `baton backup` removes it from a copy: see `ensureEpoch`. */
export const epoch = sql`"History"."epoch"`;

const newEpoch = sql`lower(hex(randomblob(16)))`;
export const renewEpoch = sql`UPDATE "History" SET "epoch" = ${newEpoch}`;

/** Creates a new epoch for a database that was restored from a backup. If several processes try, one succeeds. */
export async function ensureEpoch(writer: SqliteConnection): Promise<void> {
  const [row] = await writer.all<{ epoch: string }>(sql`SELECT "epoch" FROM "History"`);
  if (row?.epoch === "") {
    await writer.run(sql`UPDATE "History" SET "epoch" = ${newEpoch} WHERE "epoch" = ''`);
  }
}
