import { sql } from "../sql.ts";

/**
 * The epoch of the store, of the row of "History". What pg_restore makes is another table than the one that was dumped, with
 * another number: so a restored store has another epoch by itself.
 */
export const epoch = sql`"History"."epoch" || '-' || "History".tableoid::text`;

export const renewEpoch = sql`UPDATE "History" SET "epoch" = replace(gen_random_uuid()::text, '-', '')`;
