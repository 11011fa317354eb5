import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maxSearchedUnits } from "../../src/store/search/search-text.ts";
import { query, refusal } from "../client.ts";
import { databases } from "../databases.ts";
import {
  allPages,
  append,
  clear,
  increment,
  patch,
  remove,
  set,
  setMany,
  transact,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { expire } from "../time.ts";

const document = `query ($text: String!, $namespacePrefix: String, $first: Int, $after: String) {
  searchEntries(text: $text, namespacePrefix: $namespacePrefix, first: $first, after: $after) {
    nodes { snippet match { path before text after } entry { namespace key value revision } }
    pageInfo { hasNextPage endCursor }
  }
}`;

describe.each(databases)("searchEntries on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
    // More entries than are read without the index.
    await setMany(server, "filler", fillers(0));
  });
  afterAll(() => server.close());

  const fillers = (from: number) =>
    Array.from({ length: 600 }, (_, place) => ({
      key: `filler-${from + place}`,
      value: { text: `something that fills ${from + place}` },
    }));

  async function search(
    text: string,
    args: { namespacePrefix?: string; first?: number; after?: string } = {},
    token = server.token,
  ) {
    return (await query(server, document, { text, ...args }, { token })).searchEntries;
  }

  async function keys(text: string, namespacePrefix?: string): Promise<string[]> {
    const { nodes } = await search(text, namespacePrefix === undefined ? {} : { namespacePrefix });
    return nodes.map(({ entry }: { entry: { key: string } }) => entry.key);
  }

  /** Lets the index follow every log to its head, so that it finds all earlier writes. */
  function indexed(): Promise<void> {
    return server.withDatabase(async (database) => {
      for (;;) {
        const users = await database.readUnindexed(100);
        if (users.length === 0) return;
        for (const user of users) await database.indexStep(user);
        // The server, in this process, can be indexing at the same time.
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  test("finds a text in a string of a value or in a key, and shows its place", async () => {
    await set(server, {
      namespace: "where",
      key: "in-value",
      value: { "a/b": [1, { c: "Before the NEEDLE-one, and after" }] },
    });
    await set(server, { namespace: "where", key: "the-needle-one.ts", value: 1 });
    await set(server, { namespace: "where", key: "whole", value: "needle-one" });
    for (const wait of [() => {}, indexed]) {
      await wait();
      const { nodes, pageInfo } = await search("Needle-One");
      expect(nodes).toEqual([
        {
          snippet: "needle-one",
          match: { path: "", before: "", text: "needle-one", after: "" },
          entry: {
            namespace: "where",
            key: "whole",
            value: "needle-one",
            revision: expect.any(String),
          },
        },
        {
          snippet: "the-needle-one.ts",
          match: { path: null, before: "the-", text: "needle-one", after: ".ts" },
          entry: expect.objectContaining({ key: "the-needle-one.ts" }),
        },
        {
          snippet: "Before the NEEDLE-one, and after",
          match: {
            path: "/a~1b/1/c",
            before: "Before the ",
            text: "NEEDLE-one",
            after: ", and after",
          },
          entry: expect.objectContaining({ key: "in-value" }),
        },
      ]);
      expect(pageInfo).toEqual({ hasNextPage: false, endCursor: expect.any(String) });
    }
  });

  test("does not search numbers, member names and metadata, nor across two strings", async () => {
    const value = { memberxyz: 987_654_321, list: ["first half", "second"] };
    await set(server, { key: "not-searched", value, metadata: { note: "metadataxyz" } });
    for (const text of ["memberxyz", "987654", "metadataxyz", "halfsecond", "searchedfirst"]) {
      expect(await keys(text)).toEqual([]);
    }
    expect(await keys("first half")).toEqual(["not-searched"]);
  });

  test("lists the last written first, in pages, by namespace prefix", async () => {
    const places = Array.from({ length: 25 }, (_, place) => ({
      key: `p-${place}`,
      value: "paged text",
    }));
    await setMany(server, "paged:1", places);
    await set(server, { namespace: "paged:2", key: "other", value: "paged text" });
    await set(server, { namespace: "paged:1", key: "p-3", value: "paged text, renewed" });
    const order = [
      "p-3",
      "other",
      ...places
        .map(({ key }) => key)
        .filter((key) => key !== "p-3")
        .reverse(),
    ];
    for (const wait of [() => {}, indexed]) {
      await wait();
      for (const first of [1, 7, 26, 500]) {
        const { items } = await allPages(
          server,
          "searchEntries",
          `text: "paged TEXT"`,
          "entry { key }",
          first,
        );
        expect(items.map(({ entry }) => entry.key)).toEqual(order);
      }
      expect(await keys("paged text", "paged:2")).toEqual(["other"]);
      expect(await keys("paged text", "paged:3")).toEqual([]);
      expect((await search("paged text")).nodes).toHaveLength(20);
    }
  });

  test("finds every write by its result, and only by that", async () => {
    const place = { namespace: "writes", key: "k" };
    const expectOnly = async (text: string | null) => {
      for (const word of ["setword", "patchword", "appendword", "transactword", "again"]) {
        expect(await keys(word)).toEqual(word === text ? ["k"] : []);
      }
    };
    const writes: [string | null, () => Promise<unknown>][] = [
      ["setword", () => set(server, { ...place, value: { text: "setword", n: 1 } })],
      ["setword", () => increment(server, { ...place, path: "/n" })],
      ["patchword", () => patch(server, { ...place, patch: { text: "patchword" } })],
      [
        "transactword",
        () => transact(server, { operations: [{ set: { ...place, value: ["transactword"] } }] }),
      ],
      [null, () => remove(server, place)],
      ["again", () => set(server, { ...place, value: ["again"] })],
      [null, () => clear(server, "writes")],
      [
        "appendword",
        () =>
          set(server, { ...place, value: [] }).then(() =>
            append(server, { ...place, value: "appendword" }),
          ),
      ],
    ];
    for (const [text, write] of writes) {
      await write();
      await expectOnly(text);
      await indexed();
      await expectOnly(text);
    }
  });

  test("G8: does not find expired entries", async () => {
    await set(server, { key: "ends", value: "expiringword", ttlSeconds: 1_000 });
    await indexed();
    expect(await keys("expiringword")).toEqual(["ends"]);
    await expire(own, "ends");
    expect(await keys("expiringword")).toEqual([]);
  });

  test("takes characters with a meaning in an index or a pattern literally", async () => {
    const texts = [
      "100%_sure",
      "a_b%c",
      "back\\slash",
      `say "NEAR"(x)`,
      "x* AND y",
      "--- ://",
      "line\nbreak",
      "nul\u0000byte",
      "'quoted'",
    ];
    await setMany(
      server,
      "literal",
      texts.map((value, place) => ({ key: `l${place}`, value })),
    );
    for (const wait of [() => {}, indexed]) {
      await wait();
      for (const [place, text] of texts.entries()) expect(await keys(text)).toEqual([`l${place}`]);
      for (const text of [
        "100xxsure",
        "a_bxc",
        "axb%c",
        "back\\\\slash",
        "x*  AND y",
        "___",
        "%%%",
        '"""',
      ]) {
        expect(await keys(text)).toEqual([]);
      }
    }
  });

  test("compares composed and in lower case, regardless of the database's locale", async () => {
    const texts = [
      "Cafe\u0301 OLÉ",
      "ΟΔΟΣ ΟΔΥΣΣΕΥΣ",
      "İstanbul ISIK",
      "Straße",
      "日本語の要約",
      "😀😀smile",
      "half\ufffdpair",
      "ΠΡΩΪ\u0301 \u01f0abc \u1fbc\u0342 j\u0323\u030c",
    ];
    await setMany(
      server,
      "unicode",
      texts.map((value, place) => ({ key: `u${place}`, value })),
    );
    const asked: [string, string[]][] = [
      ["café olé", ["u0"]],
      ["CAFÉ", ["u0"]],
      ["οδος οδ", ["u1"]],
      ["ΟΔΥΣΣ", ["u1"]],
      ["istanbul isik", ["u2"]],
      ["strasse", []],
      ["STRAßE", ["u3"]],
      ["本語の", ["u4"]],
      ["😀😀s", ["u5"]],
      ["\ude00sm", []],
      ["half\ud83dp", ["u6"]],
      // Two of the characters whose capital is two characters.
      ["πρω\u0390 ", ["u7"]],
      ["J\u030cABC", ["u7"]],
      [" \u1fb7 ", ["u7"]],
      ["J\u0323\u030c", ["u7"]],
    ];
    for (const wait of [() => {}, indexed]) {
      await wait();
      for (const [text, expected] of asked)
        expect([text, await keys(text)]).toEqual([text, expected]);
    }
  });

  test("searches the first characters of the strings of a large value", async () => {
    const value = {
      first: "x".repeat(maxSearchedUnits - 10),
      rest: "edge-inside and beyond the edge",
    };
    await set(server, { namespace: "large", key: "large-key", value });
    for (const wait of [() => {}, indexed]) {
      await wait();
      expect(await keys("edge-insid")).toEqual(["large-key"]);
      expect(await keys("edge-inside")).toEqual([]);
      expect(await keys("beyond the edge")).toEqual([]);
      expect(await keys("large-key")).toEqual(["large-key"]);
      const { nodes } = await search("xxx", { namespacePrefix: "large" });
      expect(nodes[0].snippet).toBe("x".repeat(83));
    }
  });

  test("G10: refuses an unsuitable text, with a reason", async () => {
    for (const text of ["", "ab", "é\u0301", "😀😀"]) {
      const { extensions, message } = await refusal(search(text));
      expect(extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "text" });
      expect(message).toContain("at least 3 characters");
    }
    expect((await refusal(search("x".repeat(257)))).extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxSearchBytes",
      max: 256,
    });
    expect((await search("z".repeat(256))).nodes).toEqual([]);
    expect((await refusal(search("abc", { first: 501 }))).extensions).toMatchObject({
      limit: "maxPageSize",
    });
    for (const after of [
      "nonsense",
      btoa('["-1"]'),
      btoa('["1","2"]'),
      btoa('["9999999999999999999"]'),
    ]) {
      expect((await refusal(search("abc", { after }))).extensions).toMatchObject({
        argument: "after",
      });
    }
    const many = Array.from(
      { length: 60 },
      (_, place) => `s${place}: searchEntries(text: "abc") { nodes { snippet } }`,
    );
    expect((await refusal(query(server, `{ ${many.join(" ")} }`))).extensions).toMatchObject({
      limit: "maxQueryComplexity",
    });
  });

  test("G9: ends a page of large entries early", async () => {
    const value = { text: "largeword", more: "y".repeat(900_000) };
    for (let place = 0; place < 4; place++)
      await set(server, { namespace: "heavy", key: `h${place}`, value });
    await server.restart({ maxPageBytes: 2_000_000 });
    const first = await search("largeword");
    expect(first.nodes.map(({ entry }: any) => entry.key)).toEqual(["h3", "h2", "h1"]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const { items } = await allPages(
      server,
      "searchEntries",
      `text: "largeword"`,
      "entry { key }",
      20,
    );
    expect(items.map(({ entry }) => entry.key)).toEqual(["h3", "h2", "h1", "h0"]);
  });

  test("G1: finds no entries of other users, and their cursors have no effect", async () => {
    const stranger = await server.createToken({ userId: "stranger" });
    const theirs = { url: server.url, token: stranger.secret };
    await setMany(theirs, "filler", fillers(10_000));
    await set(theirs, { key: "theirs", value: "sharedword of theirs" });
    await set(server, { key: "mine", value: "sharedword of mine" });
    for (const wait of [() => {}, indexed]) {
      await wait();
      expect(await keys("sharedword")).toEqual(["mine"]);
      const found = await search("sharedword", {}, stranger.secret);
      expect(found.nodes.map(({ entry }: any) => entry.key)).toEqual(["theirs"]);
      const { pageInfo } = await search("fills", { first: 1 });
      const rest = await search("sharedword", { after: pageInfo.endCursor }, stranger.secret);
      expect(rest.nodes.every(({ entry }: any) => entry.key === "theirs")).toBe(true);
    }
  });

  test("finds entries that existed before the index and are no longer in the log", async () => {
    await set(server, { key: "old", value: "ancientword" });
    await indexed();
    await own.execute(`DELETE FROM "SearchProgress"`);
    await own.execute(`UPDATE "User" SET "compactedRevision" = "headRevision"`);
    await own.execute(`DELETE FROM "Change"`);
    expect(await keys("ancientword")).toEqual(["old"]);
    await server.restart();
    expect(await keys("ancientword")).toEqual(["old"]);
    await indexed();
    expect(await keys("ancientword")).toEqual(["old"]);
  });
});
