import { setImmediate as turn } from "node:timers/promises";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { unauthenticated } from "../../src/errors.ts";
import type { FeedSession } from "../../src/feed/feed.ts";
import type { FeedEvent } from "../../src/feed/feed-event.ts";
import type { Sink } from "../../src/feed/sink.ts";
import { setCommand, setsCommand } from "../commands.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { feedInstance, sessionOf } from "./feed-instance.ts";

/** A sink that keeps its payloads, and is full if a number of them is not read. */
class HeldSink implements Sink<string> {
  readonly received: string[] = [];
  readonly #maxHeld: number;
  #taken = 0;
  #wake = () => {};
  /** The most payloads that it ever held. */
  mostHeld = 0;

  constructor(maxHeld = Number.POSITIVE_INFINITY) {
    this.#maxHeld = maxHeld;
  }

  get isFull(): boolean {
    return this.received.length - this.#taken >= this.#maxHeld;
  }

  send(payload: string): void {
    this.received.push(payload);
    this.mostHeld = Math.max(this.mostHeld, this.received.length - this.#taken);
    this.#wake();
  }

  cork(): void {}

  uncork(): void {}

  async drained(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Reads all payloads. */
  take(): void {
    this.#taken = this.received.length;
    this.#wake();
  }

  async until(count: number): Promise<string[]> {
    while (this.received.length < count) {
      this.take();
      await turn();
    }
    return this.received;
  }
}

const revisionOf = (event: FeedEvent) =>
  String(event.kind === "EXISTING" ? event.entry.revision : event.revision);

/** A rendering that takes a millisecond, and how many of them one turn of the event loop had. */
function renderingLoad() {
  let inTurn = 0;
  let most = 0;
  let isOver = false;
  const count = () => {
    inTurn = 0;
    if (!isOver) setImmediate(count);
  };
  count();
  return {
    render: (event: FeedEvent) => {
      for (const begin = performance.now(); performance.now() - begin < 1;);
      most = Math.max(most, ++inTurn);
      return revisionOf(event);
    },
    end: () => ((isOver = true), most),
  };
}

// Delivery does not depend on the database that the log is read from.
describe("delivery by the feed", () => {
  let own: OwnDatabase;
  let database: Database;
  let users = 0;
  beforeAll(async () => {
    own = await createSqlite();
    database = await openDatabase(
      defaultConfig({ ...own.config, sqliteSynchronous: "normal" }),
      pino({ level: "silent" }),
    );
  });
  afterAll(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  function instance() {
    const userId = `user ${++users}`;
    const made = feedInstance(database, { maxItems: 10, maxBytes: 100_000 });
    const write = (key: string) => made.here.submit(setCommand(userId, { namespace: "a", key }));
    return { ...made, userId, write };
  }

  const revisions = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

  test("delivers each change once to each of 600 subscribers with one selection, and renders it once for each 250", async () => {
    const { feed, userId, write } = instance();
    let rendered = 0;
    const render = (event: FeedEvent) => {
      rendered++;
      return revisionOf(event);
    };
    const sinks = Array.from({ length: 600 }, () => new HeldSink());
    const subscriptions = await Promise.all(
      sinks.map(() => feed.subscribe(sessionOf(userId), { namespace: "a" })),
    );
    const done = subscriptions.map((subscription, index) =>
      subscription.deliver({
        sink: sinks[index] as HeldSink,
        render,
        shared: { key: "revision", render },
      }),
    );
    await write("first");
    for (const sink of sinks) await sink.until(1);
    rendered = 0;
    for (let count = 0; count < 5; count++) await write(`k${count}`);
    for (const sink of sinks) expect(await sink.until(6)).toEqual(revisions(1, 6));
    expect(rendered).toBe(3 * 5);
    for (const subscription of subscriptions) subscription.close();
    await Promise.all(done);
  });

  test("G3 G9: a full sink receives at most one page, delays no other subscriber, and misses nothing", async () => {
    const { feed, userId, write } = instance();
    const sinks = { slow: new HeldSink(3), lively: new HeldSink() };
    const render = revisionOf;
    const subscriptions = await Promise.all(
      Object.values(sinks).map(async (sink) => {
        const subscription = await feed.subscribe(sessionOf(userId), {});
        return {
          subscription,
          done: subscription.deliver({ sink, render, shared: { key: "revision", render } }),
        };
      }),
    );
    for (let count = 1; count <= 100; count++) {
      await write(`k${count % 7}`);
      expect((await sinks.lively.until(count)).length).toBe(count);
    }
    expect(sinks.slow.received.length).toBeLessThan(20);
    expect(await sinks.slow.until(100)).toEqual(revisions(1, 100));
    expect(sinks.slow.mostHeld).toBeLessThanOrEqual(3 + 10);
    // The subscription is live again.
    await write("last");
    expect(await sinks.slow.until(101)).toEqual(revisions(1, 101));
    for (const { subscription, done } of subscriptions) {
      subscription.close();
      await done;
    }
  });

  test("G3: reads a gap of more than one page to its end, without a poll or another write", async () => {
    const { feed, userId, write } = instance();
    for (let count = 1; count <= 45; count++) await write(`k${count}`);
    const sinks = [new HeldSink(), new HeldSink(3)] as const;
    const render = revisionOf;
    for (const sink of sinks) {
      const subscription = await feed.subscribe(sessionOf(userId), { after: 0n });
      const shared = { key: "revision", render };
      const done = subscription.deliver({ sink, render, shared });
      expect(await sink.until(45)).toEqual(revisions(1, 45));
      subscription.close();
      await done;
    }
  });

  test("G2 G3: keeps the order if a rendering needs a promise, shared or not", async () => {
    const { feed, userId, write } = instance();
    const waits = [3, 0, 5, 1, 0, 2];
    const render = async (event: FeedEvent) => {
      const turns = waits[Number(revisionOf(event)) % waits.length] as number;
      for (let count = 0; count < turns; count++) await turn();
      return revisionOf(event);
    };
    const shared = {
      key: "fails",
      render: (): string => {
        throw new Error("This cannot be rendered for all.");
      },
    };
    const sinks = [new HeldSink(), new HeldSink(2)] as const;
    const subscriptions = await Promise.all(sinks.map(() => feed.subscribe(sessionOf(userId), {})));
    const done = subscriptions.map((subscription, index) =>
      subscription.deliver({
        sink: sinks[index as 0 | 1],
        render,
        shared: index === 0 ? null : shared,
      }),
    );
    for (let count = 1; count <= 40; count++) {
      await write(`k${count}`);
      if (count % 10 === 0) await sinks[0].until(count);
    }
    for (const sink of sinks) expect(await sink.until(40)).toEqual(revisions(1, 40));
    for (const subscription of subscriptions) subscription.close();
    await Promise.all(done);
  });

  test("G3 G9 G14: large changes are delivered to many groups in turns, and are read from the log when too many are waiting", async () => {
    const { feed, here, userId } = instance();
    const value = `"${"x".repeat(200_000)}"`;
    const load = renderingLoad();
    const sinks = Array.from({ length: 15 }, () => new HeldSink());
    const done = await Promise.all(
      sinks.map(async (sink, index) => {
        const subscription = await feed.subscribe(sessionOf(userId), {});
        const shared = { key: `rendering ${index}`, render: load.render };
        const delivered = subscription.deliver({ sink, render: load.render, shared });
        return () => (subscription.close(), delivered);
      }),
    );
    const commit = (count: number) =>
      here.submit(
        setsCommand(userId, { namespace: "a", key: "large" }, Array(count).fill(value) as string[]),
      );
    await commit(30);
    // The groups have more than they can keep.
    await commit(1);
    const written = 31;
    for (const sink of sinks) expect(await sink.until(written)).toEqual(revisions(1, written));
    expect(load.end()).toBeLessThan(30);
    await Promise.all(done.map((close) => close()));
  });

  test("G14: a commit of a thousand changes is passed to 250 subscribers in small parts", async () => {
    const { feed, here, userId } = instance();
    let longest = 0;
    class PartSink extends HeldSink {
      #begin = 0;
      override cork(): void {
        this.#begin = this.received.length;
      }
      override uncork(): void {
        longest = Math.max(longest, this.received.length - this.#begin);
      }
    }
    const sinks = Array.from({ length: 250 }, () => new PartSink());
    const render = revisionOf;
    const done = await Promise.all(
      sinks.map(async (sink) => {
        const subscription = await feed.subscribe(sessionOf(userId), {});
        const delivered = subscription.deliver({ sink, render, shared: { key: "r", render } });
        return () => (subscription.close(), delivered);
      }),
    );
    const values = Array.from({ length: 1_000 }, () => "1");
    await here.submit(setsCommand(userId, { namespace: "a", key: "k" }, values));
    for (const sink of sinks) expect(await sink.until(1_000)).toHaveLength(1_000);
    expect(longest).toBeLessThan(50);
    await Promise.all(done.map((close) => close()));
  });

  test("G1 G14: a session's operations end in turns, and deliver nothing after its end", async () => {
    const { feed, hub, userId, write } = instance();
    const token = new AbortController();
    const session = sessionOf(userId, ["*"], token.signal);
    const load = renderingLoad();
    const ended: unknown[] = [];
    const fail = (reason: unknown) => {
      load.render({ kind: "BOOKMARK", revision: 0n, epoch: "" });
      ended.push(reason);
    };
    const shared = { key: "revision", render: revisionOf };
    let counted: Promise<unknown> | undefined;
    /** Ends the token if it is the first that receives the second change. Any of them can be, also a revoked one. */
    class EndingSink extends HeldSink {
      isFirst = false;
      override send(payload: string): void {
        super.send(payload);
        if (payload !== "2" || counted) return;
        this.isFirst = true;
        token.abort(unauthenticated("This token was revoked."));
        counted = watch.next().catch((reason: unknown) => reason);
      }
    }
    const open = async (of: FeedSession) => {
      const sink = new EndingSink();
      const subscription = await feed.subscribe(of, {});
      return { sink, done: subscription.deliver({ sink, render: revisionOf, shared }) };
    };
    const kept = [await open(sessionOf(userId))];
    const revoked = [];
    for (let index = 0; index < 100; index++) revoked.push(await open(session));
    kept.push(await open(sessionOf(userId)));
    const ends = revoked.map(({ done }) => done.catch(fail));
    const place = { namespace: "a", key: "second", timeoutSeconds: 60 };
    for (let index = 0; index < 50; index++)
      ends.push(feed.awaitEntry(session, place).then(fail, fail));
    const watch = feed.watchClaims(session, {});
    await write("first");
    for (const { sink } of [...kept, ...revoked]) await sink.until(1);
    await write("second");
    for (const { sink } of kept) expect(await sink.until(2)).toEqual(["1", "2"]);
    await Promise.all(ends);
    expect(load.end()).toBeLessThan(20);
    for (const { sink } of revoked) {
      expect(sink.received).toEqual(sink.isFirst ? ["1", "2"] : ["1"]);
    }
    for (const reason of [...ended, await counted]) {
      expect(reason).toMatchObject({ code: "UNAUTHENTICATED" });
    }
    expect(ended).toHaveLength(150);
    hub.close();
    await Promise.all(kept.map(({ done }) => done));
    expect(hub.userIds).toEqual([]);
  });

  test("ends one subscription with its session or an error of its rendering, and all with the hub", async () => {
    const { feed, hub, userId, write } = instance();
    const token = new AbortController();
    const open = async (render: (event: FeedEvent) => string, ended?: AbortSignal) => {
      const sink = new HeldSink();
      const subscription = await feed.subscribe(sessionOf(userId, ["*"], ended), {});
      return { sink, done: subscription.deliver({ sink, render, shared: null }) };
    };
    const kept = await open(revisionOf);
    const revoked = await open(revisionOf, token.signal);
    const failure = new Error("It cannot be rendered.");
    const failing = await open(() => {
      throw failure;
    });
    const failed = failing.done.catch((error: unknown) => error);
    const ended = revoked.done.catch((error: unknown) => error);
    await write("k");
    expect(await failed).toBe(failure);
    await revoked.sink.until(1);
    token.abort(unauthenticated("This token was revoked."));
    expect(await ended).toMatchObject({ code: "UNAUTHENTICATED" });
    await write("k");
    expect(await kept.sink.until(2)).toEqual(["1", "2"]);
    expect(revoked.sink.received).toEqual(["1"]);
    hub.close();
    await kept.done;
    expect(hub.userIds).toEqual([]);
    // A subscription that begins now ends immediately.
    await (
      await open(revisionOf)
    ).done;
    expect(hub.userIds).toEqual([]);
  });
});
