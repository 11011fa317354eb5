import { raw } from "../sql.ts";

/** The instant of the database, in milliseconds as columns keep it. */
export const nowMs = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`;
export const now = raw(nowMs);
