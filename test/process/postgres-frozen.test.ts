import { describe, expect, test } from "vitest";
import { subscribe, subscribeBySse } from "../client.ts";
import { get, set } from "../operations.ts";
import { PostgresProxy } from "../postgres-proxy.ts";
import { createPostgres } from "../postgres.ts";
import { health, msOf, msUntilReady, serveInstance, serveInstances } from "./instances.ts";
import { expectNothingLost, Follower, Load } from "./load.ts";
import { connectTo, type Outsider } from "./own-postgres.ts";

/** The maximum time until an instance reports that PostgreSQL does not respond. */
const noticeMs = 3_000;
/** PostgreSQL ends the transaction of a frozen instance after 5 s. */
const maxHeldMs = 8_000;

/** Whether an idle transaction holds the head of a user's log. */
async function isHeadHeld(outsider: Outsider): Promise<boolean> {
  const still = await outsider.select(
    `SELECT FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = 'baton committer' AND state = 'idle in transaction'`,
  );
  if (still.length === 0) return false;
  return (await outsider.select('SELECT FROM "User" FOR UPDATE SKIP LOCKED')).length === 0;
}

// Each test has its own database, and mostly waits.
describe.concurrent("PostgreSQL or an instance is frozen", () => {
  test("G2 G3 G5: with a frozen PostgreSQL, an instance is not ready, but alive; it recovers afterwards", async ({
    annotate,
  }) => {
    await using own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    await using server = await serveInstance(proxy.url, "--postgres-connections", "5");
    await using load = new Load([server]);
    await using follower = new Follower([server]);
    await load.more(50);
    proxy.freeze();
    const unreadyMs = await msUntilReady(server, 503);
    await expect(set(server, { key: "more", value: "more" })).rejects.toThrow(/^UNAVAILABLE/);
    expect(await health(server, "live")).toBe(200);
    proxy.thaw();
    const readyMs = await msUntilReady(server, 200);
    await load.more(50);
    await load.stop();
    await annotate(JSON.stringify({ unreadyMs, readyMs, refused: load.refused }));
    expect(unreadyMs).toBeLessThan(noticeMs);
    expect(load.refusedOtherThan("UNAVAILABLE")).toEqual([]);
    await expectNothingLost(server, load, [follower]);
    expect([load.unanswered, follower.breaks]).toEqual([0, 0]);
  });

  test("while only its writes hang, an instance is not ready, and reads continue", async () => {
    await using own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    await using server = await serveInstance(proxy.url);
    await set(server, { key: "key", value: 1 });
    proxy.freeze((name) => name === "baton committer");
    const write = set(server, { key: "key", value: 2 });
    expect(await health(server, "ready")).toBe(503);
    expect(await get(server, "key")).toMatchObject({ value: 1 });
    proxy.thaw();
    expect(await write).toMatchObject({ revision: "2" });
    expect(await health(server, "ready")).toBe(200);
  });

  test("SIGTERM while PostgreSQL hangs ends the server within 5 s with exit code 0, and subscriptions complete", async () => {
    await using own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    await using server = await serveInstance(proxy.url);
    const document = "subscription { entryChanged(snapshot: true) { kind } }";
    const live = [subscribe(server, document), await subscribeBySse(server, document)];
    for (const events of live) await events.next();
    proxy.freeze();
    const write = set(server, { key: "key", value: 1 }).then(() => "written", String);
    await msUntilReady(server, 503);
    const ended = server.kill("SIGTERM");
    expect(await msOf(ended)).toBeLessThan(5_000);
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    for (const events of live) expect(await events.rest()).toEqual([]);
    expect(await write).toMatch(/no response|UNAVAILABLE/);
  });

  test("G2 G3 G5: an instance that is frozen in the middle of a write delays the others for at most 8 s, and recovers", async ({
    annotate,
  }) => {
    await using own = await createPostgres();
    await using outsider = await connectTo(own.url);
    await using instances = await serveInstances([own.url], [own.url]);
    const [frozen, other] = instances.all;
    await using load = new Load([frozen]);
    await using atFrozen = new Follower([frozen]);
    await using atOther = new Follower([other]);
    await load.more(50);
    let attempts = 1;
    for (; ; attempts++) {
      frozen.child.kill("SIGSTOP");
      if (await isHeadHeld(outsider)) break;
      frozen.child.kill("SIGCONT");
      await load.more(1);
    }
    const heldMs = await msOf(set(other, { key: "other", value: "other" }));
    frozen.child.kill("SIGCONT");
    const recoveredMs = await msOf(load.more(1));
    await load.more(50);
    await load.stop();
    await annotate(JSON.stringify({ attempts, heldMs, recoveredMs, refused: load.refused }));
    expect(heldMs).toBeLessThan(maxHeldMs);
    expect(load.refusedOtherThan("UNAVAILABLE")).toEqual([]);
    await expectNothingLost(other, load, [atFrozen, atOther]);
    expect([atFrozen.breaks, atOther.breaks]).toEqual([0, 0]);
  });
});
