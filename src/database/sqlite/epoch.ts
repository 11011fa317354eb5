import { sql } from "../sql.ts";
import type { SqliteConnection } from "./connection.ts";

/** The epoch of the store, of the row of "History". `baton backup` leaves none in a copy: see `ensureEpoch`. */
export const epoch = sql`"History"."epoch"`;

const newEpoch = sql`lower(hex(randomblob(16)))`;
export const renewEpoch = sql`UPDATE "History" SET "epoch" = ${newEpoch}`;

/** Gives a database that was restored from a backup an epoch of its own. Of several processes, one does it. */
export async function ensureEpoch(writer: SqliteConnection): Promise<void> {
  const [row] = await writer.all<{ epoch: string }>(sql`SELECT "epoch" FROM "History"`);
  if (row?.epoch === "") {
    await writer.run(sql`UPDATE "History" SET "epoch" = ${newEpoch} WHERE "epoch" = ''`);
  }
}
