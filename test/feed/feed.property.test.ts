import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import type { FeedEvent } from "../../src/feed/feed-event.ts";
import { selects } from "../../src/store/model/change.ts";
import type { Command } from "../../src/store/commit/command.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { ReadChecks, type SelectionInput } from "../../src/store/read-checks.ts";
import { clearCommand, deleteCommand, setCommand } from "../commands.ts";
import { plainDatabases } from "../databases.ts";
import type { OwnDatabase } from "../own-database.ts";
import { Replay, sorted, stateAt } from "../replay.ts";
import { feedInstance, sessionOf } from "./feed-instance.ts";

// The actions of the reader and the writers are generated step by step, so that a write can happen at any point of a
// snapshot, the catch-up and the queue. A failing sequence shrinks to the shortest one.

type Step =
  | { do: "set"; namespace: string; key: string }
  | { do: "delete"; namespace: string; key: string }
  | { do: "clear"; namespace: string }
  /** Another process writes, without notifying the hub. */
  | { do: "set elsewhere"; namespace: string; key: string }
  | { do: "poll" }
  | { do: "read"; count: number };

const namespace = fc.constantFrom("a", "b", "c");
const key = fc.constantFrom("1", "2", "3", "4", "5", "\uFFFF", "😀");
const place = { namespace, key };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set" as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("clear" as const), namespace }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("set elsewhere" as const), ...place }) },
  { weight: 1, arbitrary: fc.constant({ do: "poll" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/** The namespaces that a subscriber's token covers, and its selection. */
interface Asked {
  readonly patterns: readonly string[];
  readonly input: SelectionInput;
}

const selection: fc.Arbitrary<Asked> = fc.constantFrom<Asked>(
  { patterns: ["*"], input: {} },
  { patterns: ["*"], input: { namespace: "b" } },
  { patterns: ["a", "c"], input: {} },
  { patterns: ["*"], input: { key: "2" } },
);

/** A namespace is cleared and set again between two pages of the snapshot that both show it. */
const clearedBetweenItsPages: [Asked, Step[], Step[]] = [
  { patterns: ["*"], input: {} },
  ["1", "2", "3", "4"].map((key) => ({ do: "set", namespace: "b", key })),
  [
    { do: "read", count: 1 },
    { do: "clear", namespace: "b" },
    { do: "set", namespace: "b", key: "4" },
    { do: "set", namespace: "c", key: "1" },
  ],
];

describe.each(plainDatabases)("the feed on $name, against the log it was made from", (kind) => {
  // The feed works in the same way on each database, and SQLite is the fastest.
  const numRuns = Number(process.env.BATON_TEST_RUNS ?? (kind.name === "SQLite" ? 60 : 15));
  let own: OwnDatabase;
  let database: Database;
  let users = 0;
  beforeAll(async () => {
    own = await kind.create();
    const config = defaultConfig({ ...own.config, sqliteSynchronous: "normal" });
    database = await openDatabase(config, pino({ level: "silent" }));
  });
  afterAll(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  /** Runs the steps and then checks everything that was delivered. */
  async function play(
    { patterns, input }: Asked,
    start: "snapshot" | "now" | "after",
    before: readonly Step[],
    steps: readonly Step[],
  ): Promise<void> {
    const userId = `user-${++users}`;
    const { hub, feed, here, elsewhere } = feedInstance(database, {
      maxItems: 2,
      maxBytes: 10_000,
    });
    const session = sessionOf(userId, patterns);
    const selected = new ReadChecks(defaultConfig()).select(session.viewer, input);
    const head = async () => (await database.readLogEnds(userId)).head;
    const received: FeedEvent[] = [];
    /** How many events the reader can still read. */
    let appetite = 0;
    let wake = () => {};
    let noticed = () => {};

    const perform = async (done: Step) => {
      const write = (command: Command) =>
        (done.do === "set elsewhere" ? elsewhere : here).submit(command);
      switch (done.do) {
        case "set":
        case "set elsewhere":
          return write(setCommand(userId, done));
        case "delete":
          return write(deleteCommand(userId, done));
        case "clear":
          return write(clearCommand(userId, done.namespace));
        case "poll":
          return hub.noticeHead(userId, await head());
        case "read":
          appetite += done.count;
          wake();
          // Lets the reader read until it waits for a write. This needs turns of the database and of the event loop.
          for (let turns = 0; turns < 3; turns++) {
            await head();
            await new Promise((resolve) => setImmediate(resolve));
          }
      }
    };

    for (const done of before) await perform(done);
    const begin = await head();
    const subscription = await feed.subscribe(session, {
      ...input,
      snapshot: start === "snapshot",
      after: start === "after" ? begin / 2n : null,
    });
    const events = subscription[Symbol.asyncIterator]();
    const reading = (async () => {
      for (;;) {
        while (appetite === 0) await new Promise<void>((resolve) => (wake = resolve));
        appetite--;
        const { value, done } = await events.next();
        if (done) return;
        received.push(value);
        noticed();
      }
    })();
    for (const done of steps) await perform(done);

    // One last matching change, which marks the end.
    const namespace = selected.namespaces.some(
      (match) => match.kind === "prefix" || match.text === "a",
    )
      ? "a"
      : "b";
    const last = await here.submit(setCommand(userId, { namespace, key: "2" }));
    hub.noticeHead(userId, last.revision);
    const revisionOf = (event: FeedEvent | undefined) =>
      event && event.kind !== "EXISTING" ? event.revision : 0n;
    const isDone = () =>
      received.some(({ kind }) => start !== "snapshot" || kind === "CAUGHT_UP") &&
      revisionOf(received.at(-1)) === last.revision;
    appetite = Number.POSITIVE_INFINITY;
    wake();
    while (!isDone()) await new Promise<void>((resolve) => (noticed = resolve));
    await events.return?.();
    await reading;

    const log = await database.readLog(
      { userId, selection: { namespaces: [everything], keys: everything }, after: 0n },
      { maxItems: 10_000, maxBytes: 10 ** 9 },
    );
    expect(log.changes.map(({ revision }) => revision)).toEqual(
      log.changes.map((_, index) => BigInt(index) + 1n),
    );
    const wanted = log.changes.filter((change) => selects(selected, change));
    const caughtUp = received.findIndex(({ kind }) => kind === "CAUGHT_UP");
    if (start === "snapshot") {
      const consumer = new Replay();
      const shown = received.slice(0, caughtUp);
      for (const event of shown) consumer.apply(event);
      const revision = revisionOf(received[caughtUp]);
      expect(sorted(consumer.state)).toEqual(sorted(stateAt(wanted, revision)));
      const lastExisting = shown.findLastIndex(({ kind }) => kind === "EXISTING");
      const firstChange = shown.findIndex(({ kind }) => kind !== "EXISTING");
      expect(firstChange === -1 || firstChange > lastExisting).toBe(true);
      expect(received.slice(caughtUp + 1).map(revisionOf)).toEqual(
        wanted.map((change) => change.revision).filter((at) => at > revision),
      );
    } else {
      const from = start === "after" ? begin / 2n : begin;
      expect(received.map(revisionOf)).toEqual(
        wanted.map((change) => change.revision).filter((at) => at > from),
      );
    }
    await here.close();
    await elsewhere.close();
  }

  test.each(["snapshot", "after", "now"] as const)(
    "G2 G3 G4: a subscription from %s delivers each change once, in order, for any order of writes and reads",
    async (start) => {
      const steps = (maxLength: number) => fc.array(step, { maxLength });
      await fc.assert(
        fc.asyncProperty(selection, steps(20), steps(40), (selected, before, after) =>
          play(
            selected,
            start,
            before.filter((done) => done.do !== "read"),
            after,
          ),
        ),
        { numRuns, examples: [clearedBetweenItsPages] },
      );
    },
    120_000,
  );
});
