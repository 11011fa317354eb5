import { sql } from "../sql.ts";

/**
 * The epoch of the store, from the row of "History". The column "copy" is generated, so a dump does not contain it. Each
 * restore generates a different value, so a restored store has a different epoch.
 */
export const epoch = sql`"History"."epoch" || '-' || "History"."copy"`;

export const renewEpoch = sql`UPDATE "History" SET "epoch" = replace(gen_random_uuid()::text, '-', '')`;
