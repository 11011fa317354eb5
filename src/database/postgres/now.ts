import { sql } from "../sql.ts";

/**
 * The start of the statement, in UTC and truncated to milliseconds like the columns. It is the same for all rows of the
 * statement, so an index can be searched by it.
 */
export const now = sql`date_trunc('milliseconds', statement_timestamp() AT TIME ZONE 'UTC')`;
