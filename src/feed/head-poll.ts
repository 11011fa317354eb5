import type { Database } from "../store/contract.ts";
import type { Hub } from "./hub.ts";

/** How many users' heads one statement reads. */
const usersPerRead = 500;

/**
 * Checks whether another process on the same database has written to a log that is followed here. The hub receives this
 * process's own writes directly.
 */
export async function pollHeads(database: Pick<Database, "readHeads">, hub: Hub): Promise<void> {
  const { userIds } = hub;
  for (let start = 0; start < userIds.length; start += usersPerRead) {
    const heads = await database.readHeads(userIds.slice(start, start + usersPerRead));
    for (const [userId, head] of heads) hub.noticeHead(userId, head);
  }
}

/** Checks whether the epoch has changed, for example after a backup was restored into the same database. */
export async function pollEpoch(database: Pick<Database, "readEpoch">, hub: Hub): Promise<void> {
  if (hub.userIds.length > 0) hub.noticeEpoch(await database.readEpoch());
}
