import { sql } from "../sql.ts";

/**
 * When the statement began, in UTC and cut to the milliseconds that a column keeps. It is the same for all its rows, so that an index can be
 * searched by it.
 */
export const now = sql`date_trunc('milliseconds', statement_timestamp() AT TIME ZONE 'UTC')`;
