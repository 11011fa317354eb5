import { expect } from "vitest";
import { query, refusal, subscribe } from "../client.ts";
import { get, set } from "../operations.ts";

interface Server {
  readonly url: string;
  readonly token: string;
}

/** The end of a log. */
export interface LogEnd {
  readonly epoch: string;
  readonly headRevision: string;
}

const follow = `subscription ($after: Revision!, $epoch: String!) {
  entryChanged(after: $after, epoch: $epoch) { kind key }
}`;

export async function logEnd(server: Server): Promise<LogEnd> {
  return (await query(server, "{ viewer { epoch headRevision } }")).viewer;
}

/**
 * Expects that a recovered store has everything except the last write of the lost history, and that it refuses to continue
 * that history.
 * @param kept the value of the key "kept"; the last write of the lost history was the key "lost"
 */
export async function expectRecovered(server: Server, kept: unknown, lost: LogEnd): Promise<void> {
  expect((await get(server, "kept"))?.value).toBe(kept);
  expect(await get(server, "lost")).toBeNull();
  const { epoch, headRevision } = await logEnd(server);
  expect(BigInt(headRevision)).toBe(BigInt(lost.headRevision) - 1n);
  await set(server, { key: "another", value: 1 });
  // The lost history had this revision, too, so only the epoch shows the difference.
  const after = { after: lost.headRevision, epoch: lost.epoch };
  await using events = subscribe(server, follow, after);
  expect((await refusal(events.next())).extensions).toMatchObject({
    code: "REVISION_COMPACTED",
    reason: "EPOCH",
    epoch,
  });
}
