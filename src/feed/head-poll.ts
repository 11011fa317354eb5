import type { Database } from "../store/contract.ts";
import type { Hub } from "./hub.ts";

/** How many users' heads one statement reads. */
const usersPerRead = 500;

/**
 * Looks whether someone else, another process on the same database, has written to a log that is being followed
 * here. What this process writes itself reaches the hub without it.
 */
export async function pollHeads(database: Pick<Database, "readHeads">, hub: Hub): Promise<void> {
  const { userIds } = hub;
  for (let start = 0; start < userIds.length; start += usersPerRead) {
    const heads = await database.readHeads(userIds.slice(start, start + usersPerRead));
    for (const [userId, head] of heads) hub.noticeHead(userId, head);
  }
}

/** Looks whether the logs are of another history: a backup may have been restored into the same database. */
export async function pollEpoch(database: Pick<Database, "readEpoch">, hub: Hub): Promise<void> {
  if (hub.userIds.length > 0) hub.noticeEpoch(await database.readEpoch());
}
