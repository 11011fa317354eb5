import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal, subscribe, subscribeBySse } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { set } from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { runHere } from "../process/command-here.ts";
import { startTestServer, type TestServer } from "../server.ts";

const followDocument = `subscription ($namespace: String, $key: String, $after: Revision, $epoch: String, $snapshot: Boolean, $bookmarks: Boolean) {
  entryChanged(namespace: $namespace, key: $key, after: $after, epoch: $epoch, snapshot: $snapshot, bookmarks: $bookmarks) {
    kind revision epoch namespace key
  }
}`;

describe.each(plainDatabases)("epochs and bookmarks on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({ bookmarkSeconds: 1, pollIntervalMs: 50 }, own);
  });
  afterAll(() => server.close());

  const epochNow = async () => (await query(server, "{ viewer { epoch } }")).viewer.epoch as string;

  /** Like a restore of a backup. */
  const renewEpoch = () => own.execute(`UPDATE "History" SET "epoch" = "epoch" || 'x'`);

  test("G15: accepts a revision of this epoch, and refuses one of another epoch on every path", async () => {
    const epoch = await epochNow();
    expect(await epochNow()).toBe(epoch);
    const { revision } = await set(server, { key: "k", value: 1 });
    await set(server, { key: "k", value: 2 });
    const reads = [
      `query ($after: Revision, $epoch: String) { changes(after: $after, epoch: $epoch) { nodes { revision } } }`,
      `query ($after: Revision, $epoch: String) { awaitEntry(key: "k", after: $after, epoch: $epoch) { revision } }`,
      `query ($after: Revision, $epoch: String) { entry(key: "k") { history(after: $after, epoch: $epoch) { nodes { revision } } } }`,
    ];
    const refused = { code: "REVISION_COMPACTED", reason: "EPOCH", epoch, after: revision };
    for (const document of reads) {
      await query(server, document, { after: revision, epoch });
      const other = query(server, document, { after: revision, epoch: "of another history" });
      expect((await refusal(other)).extensions).toMatchObject(refused);
    }
    const later = String(BigInt(revision) + 1n);
    for (const follow of [subscribe, subscribeBySse]) {
      await using events = await follow(server, followDocument, { after: revision, epoch });
      expect((await events.next()).revision).toBe(later);
      const start = { after: revision, epoch: "of another history" };
      const failed = (async () => {
        await using none = await follow(server, followDocument, start);
        await none.next();
      })();
      expect((await refusal(failed)).extensions).toMatchObject(refused);
    }
    // Even an unusable revision is refused with the reason.
    const lost = { after: "999999999", epoch: "of another history" };
    await using none = subscribe(server, followDocument, lost);
    expect((await refusal(none.next())).extensions).toMatchObject({ reason: "EPOCH", epoch });
  });

  test("G15: baton epoch prints the epoch, and --renew starts a new one", async () => {
    const epoch = await epochNow();
    const { revision: after } = await set(server, { key: "k", value: 3 });
    const command = ["epoch", "--database-url", own.url];
    expect(await runHere(command)).toEqual({ code: 0, stdout: `${epoch}\n`, stderr: "" });
    const { stdout: renewed, stderr } = await runHere([...command, "--renew"]);
    expect(renewed).toBe(`${await epochNow()}\n`);
    expect(stderr).toMatch(/^baton: Renewed the epoch of .+\.\n$/);
    expect(stderr).toContain(new URL(own.url).pathname);
    const document = `query ($after: Revision, $epoch: String) { changes(after: $after, epoch: $epoch) { nodes { revision } } }`;
    const { extensions } = await refusal(query(server, document, { after, epoch }));
    expect(extensions).toMatchObject({ reason: "EPOCH", epoch: renewed.trim() });
  });

  test("G15: keeps the epoch over a restart", async () => {
    const epoch = await epochNow();
    await server.restart();
    expect(await epochNow()).toBe(epoch);
  });

  test("G15: an open subscription never receives changes of two epochs", async () => {
    const before = await epochNow();
    await using live = subscribe(server, followDocument, { key: "live" });
    await using caughtUp = subscribe(server, followDocument, { key: "live", snapshot: true });
    expect(await caughtUp.next()).toMatchObject({ kind: "CAUGHT_UP", epoch: before });
    await set(server, { key: "live", value: 1 });
    await caughtUp.next();
    await renewEpoch();
    for (const events of [live, caughtUp]) {
      const { extensions } = await refusal(events.rest());
      expect(extensions).toMatchObject({ code: "REVISION_COMPACTED", reason: "EPOCH" });
      expect(extensions.epoch).not.toBe(before);
      expect(extensions.epoch).toBe(await epochNow());
    }
  });

  test("G3: bookmarks keep a quiet subscription within the log's retention", async () => {
    const epoch = await epochNow();
    const { revision: begin } = await set(server, { namespace: "busy", key: "k", value: 0 });
    const quiet = { namespace: "quiet", key: "k", bookmarks: true };
    await using events = subscribe(server, followDocument, { ...quiet, after: begin });
    const none = { kind: "BOOKMARK", epoch, namespace: null, key: null };
    expect(await events.next()).toEqual({ ...none, revision: begin });
    for (let value = 1; value <= 3; value++)
      await set(server, { namespace: "busy", key: "k", value });
    const end = String(BigInt(begin) + 3n);
    // A bookmark can be sent between two writes.
    let bookmark = await events.next();
    while (BigInt(bookmark.revision) < BigInt(end)) bookmark = await events.next();
    expect(bookmark).toEqual({ ...none, revision: end });
    await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 1 }));
    const { revision } = await set(server, { namespace: "quiet", key: "k", value: 1 });
    const expected = { kind: "SET", revision, epoch: null, namespace: "quiet", key: "k" };
    expect(await events.next()).toEqual(expected);
    await using resumed = subscribe(server, followDocument, { ...quiet, after: end, epoch });
    expect(await resumed.take(2)).toEqual([expected, { ...none, revision }]);
    await using overtaken = subscribe(server, followDocument, { ...quiet, after: begin, epoch });
    const { extensions } = await refusal(overtaken.next());
    expect(extensions.code).toBe("REVISION_COMPACTED");
    expect(extensions).not.toHaveProperty("reason");
  });
});
