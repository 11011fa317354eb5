import { raw } from "../sql.ts";

/** The current instant of the database, in milliseconds like the columns. */
export const nowMs = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`;
export const now = raw(nowMs);
