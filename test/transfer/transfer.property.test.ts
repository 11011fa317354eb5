import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import type { StoredEntry } from "../../src/store/model/claim.ts";
import { commandOf } from "../../src/store/commit/command.ts";
import type { Operation } from "../../src/store/operations/operations.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { everything, exact } from "../../src/store/model/text-match.ts";
import { exportStore } from "../../src/transfer/export-store.ts";
import { Sequence } from "../../src/transfer/sequence.ts";
import { plainDatabases } from "../databases.ts";
import { expectNamespaceRows, expectNamespacesOf } from "../namespace-rows.ts";
import type { OwnDatabase } from "../own-database.ts";
import { importFile } from "./fill.ts";
import { deepText, jsonText, metadataText, name } from "./json.ts";

// An export is read page by page during other writes. It can be interrupted anywhere, and so can the import.

type Step =
  | {
      do: "set";
      namespace: string;
      key: string;
      value: string;
      metadata: string | null;
      ttl: number;
    }
  | { do: "delete"; namespace: string; key: string }
  | { do: "clear"; namespace: string }
  | { do: "claim"; namespace: string }
  /** Completes the latest claim. */
  | { do: "complete"; value: string | null }
  /** The export reads and writes its next page. */
  | { do: "read" };

const names = fc.tuple(
  fc.uniqueArray(name, { minLength: 2, maxLength: 2 }),
  fc.uniqueArray(name, { minLength: 3, maxLength: 3 }),
);
const agents = [null, "planner", "Größe 😀"];

function stepIn([namespaces, keys]: [string[], string[]]): fc.Arbitrary<Step> {
  const namespace = fc.constantFrom(...namespaces);
  const key = fc.constantFrom(...keys);
  const value = fc.oneof(jsonText, fc.constant(deepText));
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("set" as const),
        namespace,
        key,
        value,
        metadata: fc.option(metadataText),
        ttl: fc.constantFrom(0, 0, 1_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), namespace, key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), namespace }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("claim" as const), namespace }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("complete" as const), value: fc.option(jsonText) }),
    },
    { weight: 4, arbitrary: fc.constant({ do: "read" as const }) },
  );
}

const history = names.chain((found) =>
  fc.tuple(fc.array(stepIn(found), { maxLength: 20 }), fc.array(stepIn(found), { maxLength: 25 })),
);

const set = (namespace: string, key: string): Step => {
  return { do: "set", namespace, key, value: "1", metadata: null, ttl: 0 };
};
const read: Step = { do: "read" };

/** The export ends with another state of an entry than its page contained. */
const examples: [[Step[], Step[]], number, number[]][] = [
  // The task is completed after its page was read, and no other line of the log says so.
  [
    [
      [set("w", "1")],
      [read, read, { do: "claim", namespace: "w" }, { do: "complete", value: null }],
    ],
    5,
    [],
  ],
  // Then it is deleted and set again, so that it is a free task again.
  [
    [
      [set("w", "1")],
      [
        { do: "claim", namespace: "w" },
        { do: "complete", value: null },
        read,
        read,
        { do: "delete", namespace: "w", key: "1" },
        set("w", "1"),
      ],
    ],
    5,
    [],
  ],
  // The writes before and after the clear are in one batch with it.
  [
    [[set("w", "1")], [read, read, set("w", "2"), { do: "clear", namespace: "w" }, set("w", "3")]],
    10,
    [],
  ],
];

const pageBounds = { maxItems: 2, maxBytes: 10_000 };
let folder: string;
let owns: OwnDatabase[];
let databases: Database[];
let users = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "baton-transfer-"));
  owns = await Promise.all(plainDatabases.map((kind) => kind.create()));
  databases = await Promise.all(
    owns.map((own) =>
      openDatabase(
        defaultConfig({ ...own.config, sqliteSynchronous: "normal" }),
        pino({ level: "silent" }),
      ),
    ),
  );
});
afterAll(async () => {
  for (const database of databases) await database.close();
  for (const own of owns) await own[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Writes for a user in the same way as its agents. */
function writerOf(database: Database, userId: string) {
  const committer = new Committer({ database, limits: defaultConfig(), onCommit: () => {} });
  let count = 0;
  let held: { namespace: string; key: string; token: string } | null = null;
  const submit = (operation: Operation) => {
    const agent = agents[count++ % agents.length] ?? null;
    return committer.submit(commandOf({ userId, agent, mayRead: true }, [operation]));
  };
  return async (step: Exclude<Step, { do: "read" }>): Promise<void> => {
    const argument = "input";
    switch (step.do) {
      case "set": {
        const { namespace, key, value, metadata, ttl } = step;
        await submit({
          kind: "set",
          argument,
          namespace,
          key,
          value,
          metadata,
          ttlSeconds: ttl,
          ifRevision: null,
        });
        return;
      }
      case "delete":
        await submit({
          kind: "delete",
          argument,
          namespace: step.namespace,
          key: step.key,
          ifRevision: null,
        });
        return;
      case "clear":
        await submit({ kind: "clear", argument, namespaces: [exact(step.namespace)] });
        return;
      case "claim": {
        const { namespace } = step;
        const token = `token-${count}`;
        const { results } = await submit({
          kind: "claim",
          argument,
          namespace,
          keys: everything,
          leaseSeconds: 1_000,
          maxAttempts: null,
          token,
        });
        const [claimed] = results;
        if (claimed?.kind === "claimed" && claimed.entry) {
          held = { namespace, key: claimed.entry.key, token };
        }
        return;
      }
      case "complete":
        if (held === null) return;
        // Perhaps it was deleted in between.
        await submit({
          kind: "complete",
          argument,
          ...held,
          value: step.value,
          metadata: null,
          ttlSeconds: null,
        }).catch(() => {});
        held = null;
    }
  };
}

async function rowsOf(database: Database, userId: string): Promise<readonly StoredEntry[]> {
  const page = await database.readStoredEntries(
    {
      userId,
      selection: { namespaces: [everything], keys: everything },
      onlyKeys: null,
      after: null,
    },
    { maxItems: 10_000, maxBytes: 10 ** 9 },
  );
  return page.items;
}

/**
 * The rows without the data of leases, which an export leaves out. The number of attempts is that of the time of
 * reading.
 */
function moved(rows: readonly StoredEntry[]) {
  const unheld = { claimToken: null, claimAgent: null, claimAttempt: 0, claimExpiresAt: null };
  return rows.map((row) => ({ ...row, ...unheld }));
}

async function exported(database: Database, user: string): Promise<string> {
  let all = "";
  for await (const text of exportStore(database, { user, namespacePrefix: "" }, new Sequence()))
    all += text;
  return all;
}

/** The text without the first line, which names the user, and the last, which contains the digest. */
function bodyOf(text: string): string[] {
  return text.trimEnd().split("\n").slice(1, -1);
}

class Interrupted extends Error {}

/**
 * Imports in batches of `maxItems` lines. After each of the given numbers of batches, the import is interrupted, and
 * another one resumes it.
 */
async function importText(
  database: Database,
  userId: string,
  text: string,
  maxItems: number,
  interruptions: readonly number[],
): Promise<void> {
  const file = join(folder, `${users}.ndjson`);
  await writeFile(file, text);
  for (const batches of [...interruptions, Number.POSITIVE_INFINITY]) {
    let left = batches;
    const checkStop = () => {
      if (left-- === 0) throw new Interrupted();
    };
    try {
      await importFile(database, userId, file, { maxItems, checkStop });
      return;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
}

describe.each([
  { from: 0, to: 1, direction: "from SQLite to PostgreSQL and back" },
  { from: 1, to: 0, direction: "from PostgreSQL to SQLite and back" },
])("a store moved $direction", ({ from, to }) => {
  test("G4: has the state at the revision of its export, regardless of concurrent writes and interruptions", async () => {
    const numRuns = Number(process.env.BATON_TEST_RUNS ?? 12);
    const batch = fc.integer({ min: 1, max: 5 });
    const interruptions = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(history, batch, interruptions, async ([before, during], maxItems, stops) => {
        const user = `user-${++users}`;
        const source = databases[from] as Database;
        const target = databases[to] as Database;
        const write = writerOf(source, user);
        await write({ do: "set", namespace: "n", key: "k", value: "0", metadata: null, ttl: 0 });
        for (const step of before) if (step.do !== "read") await write(step);

        const request = { user, namespacePrefix: "" };
        const sequence = new Sequence();
        let text = "";
        let lines = exportStore(source, request, sequence, pageBounds);
        for (const step of during) {
          if (step.do !== "read") {
            await write(step);
            continue;
          }
          text += (await lines.next()).value ?? "";
          // Another process resumes from the written lines.
          lines = exportStore(source, request, sequence, pageBounds);
          if (sequence.end !== null) break;
        }
        for await (const rest of lines) text += rest;
        const rows = await rowsOf(source, user);
        const head = sequence.end?.revision as bigint;

        await importText(target, user, text, maxItems, stops);
        const there = await rowsOf(target, user);
        expect(moved(there)).toEqual(moved(rows));
        expect(await target.readLogEnds(user)).toMatchObject({ head, compacted: head });
        there.forEach((row, index) => {
          expect(row).toMatchObject({ claimToken: null, claimAgent: null, claimExpiresAt: null });
          expect(row.claimAttempt).toBeLessThanOrEqual(rows[index]?.claimAttempt as number);
        });

        for (const own of owns) await expectNamespaceRows(own);
        await expectNamespacesOf(target, user, there);

        const onward = await exported(target, user);
        await importText(source, `${user}, back`, onward, 1_000, []);
        expect(bodyOf(await exported(source, `${user}, back`))).toEqual(bodyOf(onward));
      }),
      { numRuns, examples },
    );
  }, 120_000);
});
