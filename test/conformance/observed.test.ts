import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal, subscribe } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { set, waitFor } from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { ageChange } from "../time.ts";

const subscribersFields = `subscriptionCount waitCount slowest(first: 5) {
  kind agent namespaces { text isPrefix } keys { text isPrefix } lag
}`;

describe.each(plainDatabases)(
  "the followers of a store, and its growth, on $name",
  ({ create }) => {
    let own: OwnDatabase;
    let server: TestServer;
    beforeAll(async () => {
      own = await create();
      server = await startTestServer({ subscriberQueueBytes: 64 * 1024 }, own);
    });
    afterAll(() => server.close());

    const subscribers = async (options = {}) =>
      (await query(server, `{ viewer { subscribers { ${subscribersFields} } } }`, {}, options))
        .viewer.subscribers;
    const until = async (holds: (shown: Record<string, any>) => boolean) => {
      for (;;) {
        const shown = await subscribers();
        if (holds(shown)) return shown;
      }
    };

    test("shows subscriptions and waits with their agents, as far as a token covers them", async () => {
      const { secret } = await server.createToken({ agent: "reader" });
      await using everything = subscribe(
        server,
        "subscription { entryChanged(snapshot: true) { kind } }",
      );
      await everything.next();
      await using ours = subscribe(
        server,
        `subscription { entryChanged(namespacePrefix: "ours:", keyPrefix: "task:", snapshot: true) { kind } }`,
        {},
        secret,
      );
      await ours.next();
      const waiting = waitFor(server, { namespace: "ours:a", key: "k" }, { agent: "waiter" });
      const shown = await until(({ waitCount }) => waitCount === 1);
      const wait = {
        kind: "WAIT",
        agent: "waiter",
        namespaces: [{ text: "ours:a", isPrefix: false }],
        keys: { text: "k", isPrefix: false },
        lag: 0,
      };
      const subscription = {
        kind: "SUBSCRIPTION",
        agent: "reader",
        namespaces: [{ text: "ours:", isPrefix: true }],
        keys: { text: "task:", isPrefix: true },
        lag: 0,
      };
      expect(shown.subscriptionCount).toBe(2);
      expect(shown.slowest).toHaveLength(3);
      expect(shown.slowest).toEqual(expect.arrayContaining([wait, subscription]));

      // G1: a token does not see a follower that reads more than the token covers.
      const limited = async (namespacePattern: string) => {
        const token = (await server.createToken({ namespacePatterns: [namespacePattern] })).secret;
        return subscribers({ token });
      };
      expect((await limited("ours:*")).slowest).toEqual(
        expect.arrayContaining([wait, subscription]),
      );
      expect(await limited("ours:*")).toMatchObject({ subscriptionCount: 1, waitCount: 1 });
      expect((await limited("ours:a")).slowest).toEqual([wait]);
      expect((await limited("theirs")).slowest).toEqual([]);
      const writer = (await server.createToken({ scopes: ["write"] })).secret;
      expect(await refusal(subscribers({ token: writer }))).toMatchObject({ code: "FORBIDDEN" });
      const other = (await server.createToken({ userId: "someone else" })).secret;
      expect((await subscribers({ token: other })).subscriptionCount).toBe(0);
      await set(server, { namespace: "ours:a", key: "k", value: 1 });
      await waiting;
    });

    test("lists the slowest subscriber first, with the number of changes that it is behind", async () => {
      const body = JSON.stringify({
        query: `subscription { entryChanged(namespace: "large") { entry { value } } }`,
      });
      const { hostname, port } = new URL(server.url);
      const socket = connect(Number(port), hostname);
      // It reads the head of the response, and nothing more.
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${server.token}\r\nBaton-Agent: sleeper\r\n` +
          `Content-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      socket.once("data", () => socket.pause());
      await until(({ subscriptionCount }) => subscriptionCount > 0);
      for (let times = 0; ; times++) {
        const value = "x".repeat(900_000);
        await set(server, { namespace: "large", key: `k${times % 3}`, value });
        const [slowest] = (await subscribers()).slowest;
        if (slowest.lag === 0) continue;
        expect(slowest).toMatchObject({ kind: "SUBSCRIPTION", agent: "sleeper" });
        break;
      }
      socket.destroy();
      await until(({ subscriptionCount }) => subscriptionCount === 0);
    });

    test("finds the head of some seconds ago by the times of the changes", async () => {
      const user = { token: (await server.createToken({ userId: `aged on ${own.url}` })).secret };
      const ago = async (secondsAgo: number[], options: object = user) =>
        (
          await query(
            server,
            "query ($secondsAgo: [Int!]!) { viewer { headRevisionsAgo(secondsAgo: $secondsAgo) } }",
            { secondsAgo },
            options,
          )
        ).viewer.headRevisionsAgo;
      expect(await ago([0, 60])).toEqual(["0", "0"]);
      for (let value = 1; value <= 9; value++) {
        await set(server, { namespace: "aged", key: "k", value }, user);
        // Three changes of an hour ago, three of a minute ago, and three of now.
        if (value <= 6) await ageChange(own, `aged on ${own.url}`, value, value <= 3 ? 3_600 : 60);
      }
      expect(await ago([7_200, 3_000, 30, 0])).toEqual(["0", "3", "6", "9"]);
      expect(await ago([])).toEqual([]);
      expect((await refusal(ago([5, -1]))).extensions).toMatchObject({ code: "BAD_USER_INPUT" });
      const many = Array.from({ length: 101 }, (_, at) => at);
      expect((await refusal(ago(many))).extensions).toMatchObject({ code: "LIMIT_EXCEEDED" });
      const writer = (await server.createToken({ scopes: ["write"] })).secret;
      expect(await refusal(ago([0], { token: writer }))).toMatchObject({ code: "FORBIDDEN" });
    });
  },
);
