import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import pino from "pino";
import { expect, test } from "vitest";
import { createToken } from "../../src/auth/token.ts";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { readEntries, readStoredEntries } from "../../src/database/read-entries.ts";
import { readCreatedEntries } from "../../src/database/read-created-entries.ts";
import { readClaims } from "../../src/database/read-claims.ts";
import { readLog } from "../../src/database/read-log.ts";
import {
  countEntries,
  countNamespaces,
  readNamespaceNames,
  readNamespaces,
  readUsage,
} from "../../src/database/read-namespaces.ts";
import { readNamespaceClaims } from "../../src/database/read-namespace-claims.ts";
import { readPastKeys, readPastNamespace } from "../../src/database/read-past.ts";
import { readFree, readRange } from "../../src/database/read-write-view.ts";
import { forgetTokens } from "../../src/database/compact.ts";
import { LogSizes } from "../../src/database/log-sizes.ts";
import { epoch } from "../../src/database/sqlite/epoch.ts";
import { now } from "../../src/database/sqlite/now.ts";
import type { InTransaction, Sql, SqlReader, StoreReader } from "../../src/database/sql.ts";
import { everything, exact, prefixed } from "../../src/store/model/text-match.ts";
import { insertionWithin, pageOfTokens } from "../../src/database/token-table.ts";
import { createSqlite } from "../own-database.ts";

/** The steps with which SQLite finds the rows of some tables, in an empty database. */
async function stepsOf(
  tables: readonly string[],
  read: (reader: StoreReader) => Promise<unknown>,
  answer: readonly object[] = [],
): Promise<string[]> {
  await using own = await createSqlite();
  const database = await openDatabase(defaultConfig(own.config), pino({ level: "silent" }));
  await database.close();
  const sqlite = createClient({ url: pathToFileURL(own.url.slice("file:".length)).href });
  const searched: string[] = [];
  const client: SqlReader = {
    async all<Row>({ sql, values }: Sql) {
      const args = values as (string | Date)[];
      const { rows } = await sqlite.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
      searched.push(...rows.map(({ detail }) => String(detail)));
      return [...answer] as Row[];
    },
  };
  await read({ client, now, epoch });
  sqlite.close();
  return searched.filter((step) => tables.includes(step.split(" ")[1] ?? ""));
}

test("SQLite finds a page of entries by the index, and reads no other entries", async () => {
  const selection = { namespaces: [everything], keys: everything };
  const query = {
    userId: "local",
    selection,
    onlyKeys: null,
    after: { namespace: "n", key: "k" },
  };
  const byIndex = "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1";
  expect(
    await stepsOf(["Entry"], (reader) =>
      readEntries(reader, query, { maxItems: 10, maxBytes: 1_000 }),
    ),
  ).toEqual([
    `${byIndex} (userId=? AND (namespace,key)>(?,?))`,
    `${byIndex} (userId=? AND namespace=? AND key=?) LEFT-JOIN`,
  ]);
});

test("SQLite finds later pages by the index, and does not read the earlier ones again", async () => {
  const byIndex = "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1";
  const inNamespace = `${byIndex} (userId=? AND namespace=? AND key>?`;
  const inPrefix = `${byIndex} (userId=? AND (namespace,key)>(?,?) AND (namespace,key)<(?,?))`;
  // A statement that can reject most entries ends at a place that another one finds.
  const end =
    "SEARCH Entry USING COVERING INDEX sqlite_autoindex_Entry_1 (userId=? AND (namespace,key)>(?,?)";
  const selections = [
    [[exact("n")], everything, [`${inNamespace})`]],
    [[exact("n")], prefixed("k"), [`${inNamespace} AND key<?)`]],
    [[exact("m"), exact("n"), exact("o")], everything, [`${inNamespace})`]],
    [[prefixed("n")], everything, [inPrefix]],
    [[prefixed("m"), prefixed("n")], everything, [inPrefix]],
    [[prefixed("n")], prefixed("k"), [`${end} AND namespace<?)`, inPrefix]],
    [[everything], prefixed("k"), [`${end})`, inPrefix]],
    [[prefixed("n"), prefixed("o")], everything, [`${end} AND namespace<?)`, inPrefix]],
    [[prefixed("n"), prefixed("nz")], everything, [`${end} AND namespace<?)`, inPrefix]],
  ] as const;
  const place = { namespace: "nz", key: "k9" };
  for (const [namespaces, keys, steps] of selections) {
    const selection = { namespaces, keys };
    const query = { userId: "local", selection, after: { namespace: "n", key: "k7" } };
    const read = await stepsOf(
      ["Entry"],
      async (reader) => {
        await readEntries(reader, { ...query, onlyKeys: null }, { maxItems: 10, maxBytes: 1 });
        await readClaims(reader, query, 10);
        await readNamespaceClaims(reader, query);
      },
      [{ ...place, scannedCount: 0 }],
    );
    const ofPage = read.filter((step) => !step.includes("LEFT-JOIN"));
    expect(ofPage).toEqual([...steps, ...steps, ...steps]);
  }
});

test("a later page of a prefix starts at its place only: a plan does not say which of two starts it uses", async () => {
  const texts: string[] = [];
  const client: SqlReader = {
    async all<Row>({ sql }: Sql) {
      texts.push(sql);
      return [] as Row[];
    },
  };
  const keys = prefixed("k");
  const selection = { namespaces: [exact("n")], keys };
  const query = { userId: "local", selection, onlyKeys: null };
  const after = { namespace: "n", key: "k7" };
  await readEntries({ client, now, epoch }, { ...query, after }, { maxItems: 10, maxBytes: 1 });
  const past = { userId: "local", namespace: "n", keys, at: 5n, compacted: 1n };
  await readPastKeys(client, { ...past, after: "k7" }, 10);
  await readPastNamespace(client, "local", prefixed("n"), "n7");
  expect(texts).toHaveLength(3);
  for (const text of texts) expect(text).not.toMatch(/"(?:key|namespace)" >= /);
});

test("SQLite finds free entries and dead letters by the index alone, without reading finished ones", async () => {
  const byWork =
    "SEARCH Entry USING INDEX Entry_userId_namespace_isCompleted_isDeadLettered_key_idx";
  const ofWork = "userId=? AND namespace=? AND isCompleted=? AND isDeadLettered=?";
  const free = { userId: "local", namespace: "n", keys: prefixed("task:"), now: new Date() };
  for (const maxAttempts of [undefined, null, 3]) {
    const after = maxAttempts === undefined ? "" : "task:7";
    const query = maxAttempts === undefined ? { ...free, after } : { ...free, after, maxAttempts };
    expect(await stepsOf(["Entry"], ({ client }) => readFree(client, query, 1, 10, true))).toEqual([
      `${byWork} (${ofWork} AND key>? AND key<?)`,
      "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1 (userId=? AND namespace=? AND key=?)",
      // Where it stopped.
      `${byWork.replace("INDEX", "COVERING INDEX")} (${ofWork} AND key>? AND key<?)`,
    ]);
  }
  const query = {
    userId: "local",
    selection: { namespaces: [exact("n")], keys: prefixed("task:") },
    onlyKeys: null,
    onlyDeadLettered: true,
    after: { namespace: "n", key: "task:7" },
  };
  const [found] = await stepsOf(["Entry"], (reader) =>
    readStoredEntries(reader, query, { maxItems: 10, maxBytes: 1_000 }),
  );
  expect(found).toContain(`${byWork} (${ofWork} AND key>?`);
  for (const after of [null, query.after]) {
    const { onlyDeadLettered: _, ...other } = query;
    const [first] = await stepsOf(["Entry"], (reader) =>
      readStoredEntries(
        reader,
        { ...other, onlyFree: true, after },
        { maxItems: 10, maxBytes: 1_000 },
      ),
    );
    expect(first).toContain(`${byWork} (${ofWork} AND key>?`);
  }
});

test("SQLite finds the entries of a range of keys by the index", async () => {
  const range = { userId: "local", namespace: "n", from: "k", before: "l" };
  expect(await stepsOf(["Entry"], ({ client }) => readRange(client, range))).toEqual([
    "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1 (userId=? AND namespace=? AND key>? AND key<?)",
  ]);
});

test("SQLite finds past keys and namespaces by an index of the log, and skips the other changes of each", async () => {
  const query = { userId: "local", namespace: "n", after: "k", at: 5n, compacted: 1n };
  const byKey = "SEARCH Change USING COVERING INDEX Change_userId_namespace_key_revision_idx";
  for (const keys of [everything, prefixed("k"), exact("k")]) {
    const steps = await stepsOf(["Change"], ({ client }) =>
      readPastKeys(client, { ...query, keys }, 10),
    );
    for (const step of steps) expect(step).toContain(byKey);
    expect(steps.filter((step) => step.includes("key=? AND revision>?"))).toHaveLength(1);
    expect(steps.filter((step) => step.includes("(key,revision)<(?,?)"))).toHaveLength(1);
  }
  for (const match of [everything, prefixed("n"), exact("n")]) {
    const steps = await stepsOf(["Change", "Namespace"], ({ client }) =>
      readPastNamespace(client, "local", match, "m"),
    );
    for (const step of steps) expect(step).toMatch(/SEARCH .* \(userId=\? AND namespace[>=]\?/);
  }
});

test("SQLite finds entries by creation, and changes from the end of the log, in the order of an index", async () => {
  const bounds = { maxItems: 10, maxBytes: 1_000 };
  const byIndex =
    "SEARCH Entry USING COVERING INDEX Entry_userId_createdRevision_namespace_key_idx";
  const found =
    "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1 (userId=? AND namespace=? AND key=?) LEFT-JOIN";
  for (const namespaces of [
    [everything],
    [prefixed("n")],
    [exact("n")],
    [exact("n"), exact("m")],
  ]) {
    for (const isNewestFirst of [true, false]) {
      const selection = { namespaces, keys: prefixed("k") };
      const steps = await stepsOf(
        ["Entry"],
        async (reader) => {
          const query = { userId: "local", selection, onlyKeys: null, withoutValues: false };
          await readCreatedEntries(reader, { ...query, after: 5n, isNewestFirst }, bounds);
        },
        [{ createdRevision: 5n, key: null }],
      );
      expect(steps).toEqual([
        `${byIndex} (userId=? AND createdRevision${isNewestFirst ? "<" : ">"}?)`,
        `${byIndex.replace("COVERING ", "")} (userId=? AND createdRevision>? AND createdRevision<?)`,
        found,
      ]);
      const log = await stepsOf(
        ["Change"],
        async (reader) => {
          await readLog(reader, { userId: "local", selection, after: 5n, isNewestFirst }, bounds);
        },
        [{ epoch: "e", headRevision: null }],
      );
      expect(log).toEqual([
        "SEARCH Change USING INDEX sqlite_autoindex_Change_1 (userId=? AND revision>? AND revision<?)",
        "SEARCH Change USING INDEX sqlite_autoindex_Change_1 (userId=? AND revision=?) LEFT-JOIN",
      ]);
    }
  }
});

test("SQLite finds a page of tokens in the order of an index, and reads no earlier ones", async () => {
  const byIndex = "SEARCH Token USING INDEX Token_userId_createdAt_tokenId_idx";
  const after = { createdAt: new Date(), tokenId: "tok_1" };
  for (const [place, range] of [
    [null, "userId=?"],
    [after, "userId=? AND (createdAt,tokenId)>(?,?)"],
  ] as const) {
    const steps = await stepsOf(["Token", "TEMP"], ({ client }) =>
      client.all(pageOfTokens("local", place, 10)),
    );
    expect(steps).toEqual([`${byIndex} (${range})`]);
  }
});

test("SQLite counts the valid tokens of a user by an index, without the revoked and the expired ones", async () => {
  const input = { userId: "local", agent: null, grants: [], expiresAt: null };
  const { token } = createToken(input, new Date());
  const steps = await stepsOf(["Token"], ({ client }) => client.all(insertionWithin(token, 10)));
  const byIndex = "SEARCH Token USING COVERING INDEX Token_userId_revokedAt_expiresAt_idx";
  expect(steps).toEqual([
    `${byIndex} (userId=? AND revokedAt=? AND expiresAt=?)`,
    `${byIndex} (userId=? AND revokedAt=? AND expiresAt>?)`,
  ]);
});

test("SQLite finds the tokens that ended long ago by an index", async () => {
  const removal = (reader: StoreReader) => {
    const run = async (query: Sql) => (await reader.client.all(query)).length - 1;
    const inTransaction: InTransaction = (work) => work({ ...reader.client, run });
    return forgetTokens({ reader: reader.client, now, inTransaction, sizes: new LogSizes() }, 1);
  };
  const byId = "SEARCH Token USING COVERING INDEX sqlite_autoindex_Token_1 (tokenId=?)";
  expect(await stepsOf(["Token"], removal, [{ now: new Date() }])).toEqual([
    byId,
    "SEARCH Token USING INDEX Token_revokedAt_idx (revokedAt<?)",
    byId,
    "SEARCH Token USING INDEX Token_expiresAt_idx (expiresAt<?)",
  ]);
});

test("SQLite reads the totals of namespaces from their rows, and only the expired entries", async () => {
  const tables = ["Entry", "Namespace", "NamespaceAgent"];
  const expired = "SEARCH Entry USING INDEX Entry_expiry_idx (userId=? AND expiresAt<?)";
  const byName = "SEARCH Namespace USING INDEX sqlite_autoindex_Namespace_1";
  expect(
    await stepsOf(tables, (reader) => readNamespaces(reader, "local", [everything], "n", 10)),
  ).toEqual([
    expired,
    `${byName} (userId=? AND namespace>?)`,
    "SEARCH NamespaceAgent USING INDEX sqlite_autoindex_NamespaceAgent_1 (userId=? AND namespace=?)",
  ]);
  const behind = { name: "n", isIncluded: true };
  expect(
    await stepsOf(tables, (reader) =>
      readNamespaceNames(reader, "local", [everything], behind, 10),
    ),
  ).toEqual([expired, `${byName} (userId=? AND namespace>?)`]);
  expect(
    await stepsOf(tables, (reader) =>
      readNamespaceNames(reader, "local", [exact("n"), exact("m")], null, 10),
    ),
  ).toEqual([expired, `${byName} (userId=? AND namespace=?)`]);
  const prefix = [prefixed("pipeline:")];
  const inRange = [expired, `${byName} (userId=? AND namespace>? AND namespace<?)`];
  expect(
    // It fails because EXPLAIN returns different rows.
    await stepsOf(tables, (reader) => readUsage(reader, "local", prefix).catch(() => {})),
  ).toEqual(inRange);
  for (const after of ["", "pipeline:7"]) {
    const page = { after, maxItems: 10 };
    expect(
      await stepsOf(tables, ({ client }) => countEntries(client, "local", prefix, now, page)),
    ).toEqual(inRange);
  }
  expect(
    await stepsOf(tables, ({ client }) => countNamespaces(client, "local", prefix, now, 10)),
  ).toEqual(inRange);
});
