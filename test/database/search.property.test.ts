// oxlint-disable unicorn/no-useless-spread -- fragments on a few lines, not one on each
import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { prefixed } from "../../src/store/model/text-match.ts";
import { sql, type SqlReader } from "../../src/database/sql.ts";
import type { SearchQuery } from "../../src/store/search/search-reader.ts";
import { createSqliteSearch, sqliteSearch } from "../../src/store/search/search-sqlite.ts";
import { search, type SearchDatabase } from "../../src/store/search/search.ts";
import { fold } from "../../src/store/search/composed-text.ts";
import { clearCommand, deleteCommand, setCommand } from "../commands.ts";
import { plainDatabases } from "../databases.ts";
import type { OwnDatabase } from "../own-database.ts";

// Compares both databases with a plain model. Random entries and texts consist of few fragments, so that they often match.
// Some fragments are special for an index, for LIKE, or for case folding. The index is updated at random times.

const fragment = fc.constantFrom(
  ...[
    "aab",
    "AAB",
    "aac",
    "b",
    " a ",
    "%a_",
    "a\\%",
    '"a"',
    "* NEAR",
    "-^:{}",
    "éa",
    "e\u0301a",
    "É",
    "ßẞ",
    "İıi",
    "\u01f0J\u030c",
  ],
  ...[
    "ΟΔΟΣ",
    "οδος",
    "日本語",
    "日本",
    "😀a",
    "\ud83d",
    "\ude00a",
    "a\u0000b",
    "\u0001aa",
    "\ufffdaa",
    "a\nb",
    "a\\nb",
  ],
);
const text = fc.array(fragment, { maxLength: 8 }).map((fragments) => fragments.join(""));
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    text,
    fc.constantFrom(null, true, 12_345),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("aab", "a/b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

const namespace = fc.constantFrom("n", "n1", "n2", "é");
const key = fc.constantFrom("aab", "AAB-é", "c_c", "k1", "k2", "k3");
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("set" as const), namespace, key, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), namespace, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), namespace }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("index" as const) }) },
);
const searched = fc.record({
  text: fc
    .oneof(
      fragment,
      fc.tuple(fragment, fragment).map((fragments) => fragments.join("")),
    )
    .filter((asked) => Array.from(fold(asked)).length >= 3),
  namespacePrefix: fc.constantFrom("", "n", "n1"),
  first: fc.integer({ min: 1, max: 4 }),
});

/** Every string of a value. */
function stringsOf(node: unknown): string[] {
  if (typeof node === "string") return [node];
  if (typeof node !== "object" || node === null) return [];
  return Object.values(node).flatMap(stringsOf);
}

/** A search without an index. */
class Model {
  readonly #entries = new Map<
    string,
    { namespace: string; key: string; value: unknown; revision: number }
  >();
  #revision = 0;

  set(place: { namespace: string; key: string }, value: unknown): void {
    this.#revision += 1;
    this.#entries.set(JSON.stringify([place.namespace, place.key]), {
      ...place,
      value,
      revision: this.#revision,
    });
  }

  delete({ namespace, key }: { namespace: string; key: string }): void {
    if (this.#entries.delete(JSON.stringify([namespace, key]))) this.#revision += 1;
  }

  clear(namespace: string): void {
    const held = [...this.#entries.values()].filter((entry) => entry.namespace === namespace);
    if (held.length > 0) this.#revision += 1;
    for (const { key } of held) this.#entries.delete(JSON.stringify([namespace, key]));
  }

  search(asked: string, prefix: string): number[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.namespace.startsWith(prefix))
      .filter(({ key, value }) =>
        [key, ...stringsOf(value)].some((one) => fold(one).includes(fold(asked))),
      )
      .map(({ revision }) => revision)
      .sort((a, b) => b - a);
  }
}

/** SQLite's index, read in windows of a few entries. */
function inSmallWindows({ readEntries, searchReader }: SearchDatabase): SearchDatabase {
  const limits = { firstEntries: 1, windowEntries: 3, maxCompared: 2 };
  const { ofUser: _, ...reader } = searchReader;
  return { readEntries, searchReader: { ...reader, dialect: createSqliteSearch(limits) } };
}

/** Every page of a search, as revisions. */
async function searchAll(
  database: SearchDatabase,
  query: Omit<SearchQuery, "before">,
  first: number,
): Promise<number[]> {
  const found: number[] = [];
  for (let before: bigint | null = null; ;) {
    const bounds = { maxItems: first, maxBytes: 1_000_000 };
    const page = await search(database, { ...query, before }, bounds);
    expect(page.items.length).toBeLessThanOrEqual(first);
    found.push(...page.items.map(({ entry }) => Number(entry.revision)));
    const last = page.items.at(-1);
    if (!page.hasMore || last === undefined) return found;
    before = last.entry.revision;
  }
}

describe("searches on every database", () => {
  const opened: { own: OwnDatabase; database: Database; committer: Committer }[] = [];
  beforeAll(async () => {
    for (const { create } of plainDatabases) {
      const own = await create();
      const config = defaultConfig(own.config);
      const database = await openDatabase(config, pino({ level: "silent" }));
      const committer = new Committer({ database, limits: config, onCommit: () => {} });
      opened.push({ own, database, committer });
    }
  });
  afterAll(async () => {
    for (const { own, database, committer } of opened) {
      await committer.close();
      await database.close();
      await own[Symbol.asyncDispose]();
    }
  });

  test("find the same entries as the model, in the index and in the log", async () => {
    let users = 0;
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 1, maxLength: 40 }),
        fc.array(searched, { minLength: 1, maxLength: 6 }),
        async (operations, searches) => {
          const userId = `user ${(users += 1)}`;
          const model = new Model();
          for (const step of operations) {
            if (step.kind === "set") model.set(step, step.value);
            if (step.kind === "delete") model.delete(step);
            if (step.kind === "clear") model.clear(step.namespace);
          }
          for (const { database, committer } of opened) {
            for (const step of operations) {
              if (step.kind === "index") while (await database.indexStep(userId));
              else if (step.kind === "set")
                await committer.submit(setCommand(userId, step, JSON.stringify(step.value)));
              else if (step.kind === "delete") await committer.submit(deleteCommand(userId, step));
              else await committer.submit(clearCommand(userId, step.namespace));
            }
            for (const { text, namespacePrefix, first } of searches) {
              const namespaces = [prefixed(namespacePrefix)];
              const query = { userId, namespaces, folded: fold(text) };
              const expected = model.search(text, namespacePrefix);
              hits += expected.length;
              expect(await searchAll(database, query, first)).toEqual(expected);
              if (database.searchReader.dialect !== sqliteSearch) continue;
              expect(await searchAll(inSmallWindows(database), query, first)).toEqual(expected);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(hits).toBeGreaterThan(0);
  }, 120_000);

  test("G14: long texts that nearly contain the text are compared in short statements, until the caller disconnects", async () => {
    const userId = "long texts";
    const nearly = "a".repeat(65_000);
    for (const { database, committer } of opened) {
      const values = Array.from({ length: 16 }, (_, place) =>
        JSON.stringify(place % 8 === 3 ? `${nearly}b` : `${nearly}caab baac`),
      );
      for (const [place, text] of values.entries()) {
        await committer.submit(setCommand(userId, { namespace: "n", key: `k${place}` }, text));
      }
      while (await database.indexStep(userId));
      const { ofUser: _, ...reader } = database.searchReader;
      let comparisons = 0;
      const all: SqlReader["all"] = (statement) => {
        if (/instr\(|strpos\(/.test(statement.sql)) comparisons++;
        return reader.client.all(statement);
      };
      // Without a time limit, as if PostgreSQL's index had taken too long.
      const counted = {
        readEntries: database.readEntries,
        searchReader: { ...reader, client: { all } },
      };
      const query = { userId, namespaces: [prefixed("")], folded: `${"a".repeat(240)}b` };
      expect(await searchAll(counted, query, 10)).toEqual([12, 4]);
      expect(comparisons).toBeGreaterThanOrEqual(3);
      // A caller that has disconnected ends its search before the next statement of this kind.
      const whole = comparisons;
      const bounds = { maxItems: 10, maxBytes: 1_000_000 };
      await search(counted, { ...query, before: null }, bounds, AbortSignal.abort());
      expect(comparisons - whole).toBeLessThan(whole);
      expect(await searchAll(database, query, 1)).toEqual([12, 4]);
    }
  });

  test("G14: PostgreSQL cancels a statement that takes longer than it may, and serves the next", async () => {
    for (const { database } of opened) {
      const { client } = database.searchReader.ofUser?.("limited") ?? database.searchReader;
      const slow = await client.allWithin?.(sql`SELECT pg_sleep(20)`, 20);
      expect(slow ?? null).toBeNull();
      for (let place = 0; place < 10; place++) {
        expect(await client.all(sql`SELECT 1 AS "one"`)).toHaveLength(1);
      }
    }
  });

  test("two instances that follow one log at the same time index each entry once", async () => {
    const userId = "followed by two";
    const keys = Array.from({ length: 300 }, (_, place) => `k${place}`);
    for (const { own, database, committer } of opened) {
      const other = await openDatabase(defaultConfig(own.config), pino({ level: "silent" }));
      const follow = async (one: Database) => {
        while ((await one.readUnindexed(1_000)).includes(userId)) await one.indexStep(userId);
      };
      try {
        for (const text of ['"before"', '"after"']) {
          const places = keys.map((key) => ({ namespace: "n", key }));
          await Promise.all(
            places.map((place) => committer.submit(setCommand(userId, place, text))),
          );
          await Promise.all([follow(database), follow(other)]);
        }
        const rows = `FROM "SearchText" WHERE "userId" = '${userId}' AND "revision" > 300`;
        const [counted] = await own.query<{ count: number }>(`SELECT COUNT(*) AS "count" ${rows}`);
        expect(Number(counted?.count)).toBe(300);
        const query = { userId, namespaces: [prefixed("")] };
        expect(await searchAll(database, { ...query, folded: "after" }, 500)).toHaveLength(300);
        expect(await searchAll(database, { ...query, folded: "before" }, 500)).toEqual([]);
      } finally {
        await other.close();
      }
    }
  });
});
