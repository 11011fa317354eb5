import { sql } from "../sql.ts";

/**
 * The epoch of the store, of the row of "History". A dump does not have the column "copy": it is generated, so each restore
 * makes another one, and a restored store has another epoch by itself.
 */
export const epoch = sql`"History"."epoch" || '-' || "History"."copy"`;

export const renewEpoch = sql`UPDATE "History" SET "epoch" = replace(gen_random_uuid()::text, '-', '')`;
