import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { query, refusal } from "../client.ts";
import { get, increment, set } from "../operations.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { plainDatabases } from "../databases.ts";
import { startTestServer } from "../server.ts";
import { StartError } from "../../src/start-error.ts";

/** A database that an earlier version wrote, and the responses of that version. */
interface Fixture {
  readonly name: string;
  readonly file: string;
  /** Tokens of that version: of the store's owner, and of a reader of `pipeline:*`. */
  readonly owner: string;
  readonly reader: string;
  readonly create: () => Promise<OwnDatabase>;
  readonly load: (own: OwnDatabase, dump: string) => Promise<void>;
}

const fixtures: readonly Fixture[] = [
  {
    name: "0.1.0, on SQLite",
    file: "0.1.0.sqlite",
    owner: "baton_7b7L2jEpRW3JntJlqKV8v0UphuzfmR56czEve7PNOEs",
    reader: "baton_C9cWn0Gkj14Zl34u-I5xL3v7ivrdn2LLejyVc-HTLFc",
    create: createSqlite,
    load: async ({ url }, dump) => {
      const client = createClient({ url: pathToFileURL(url.replace("file:", "")).href });
      await client.executeMultiple(dump);
      client.close();
    },
  },
  {
    name: "the first version with PostgreSQL and claims",
    file: "coordination.postgres",
    owner: "baton_1GIyvzsvOcakuaCWv58v6LcrTCuON5g_j4RKY5Xc0sg",
    reader: "baton_139YrU87S1S_1DPeGH_Itw-N6r9shf-sur7kR62cfbw",
    create: () => createPostgres(),
    load: (own, dump) => own.execute(dump),
  },
];

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)), "utf8");

const document = `{
  viewer { user headRevision }
  entries(first: 100) { nodes { namespace key value metadata revision createdRevision createdAt updatedAt createdBy updatedBy sizeBytes EXPIRY } }
  changes(first: 100) { nodes { kind revision namespace key agent at entry { value } } }
}`;

test.each(fixtures)(
  "G5: a database of $name opens with its complete contents",
  async ({ file, owner, reader, create, load }) => {
    const own = await create();
    await load(own, read(`${file}.sql`));
    await using server = await startTestServer({}, own);
    const store = { url: server.url, token: owner };
    const expected = JSON.parse(read(`${file}.json`));
    const expiry = "expiresAt" in expected.entries[0] ? "expiresAt" : "";
    const seen = await query(store, document.replace("EXPIRY", expiry));
    const { viewer, entries, changes } = seen;
    expect({ viewer, entries: entries.nodes, changes: changes.nodes }).toEqual(expected);

    const { namespaces } = await query(
      store,
      '{ namespaces(prefix: "meta") { nodes { name entryCount agents } } }',
    );
    expect(namespaces.nodes).toMatchObject([{ name: "meta", entryCount: 3 }]);
    const found = await query(
      store,
      '{ searchEntries(text: "again") { nodes { entry { key } } } }',
    );
    expect(found.searchEntries.nodes).toEqual([{ entry: { key: "raw" } }]);

    const limited = { url: server.url, token: reader };
    expect((await get(limited, "raw", "pipeline:job-1"))?.value).toEqual({ text: "again" });
    expect((await refusal(get(limited, "zero", "meta"))).code).toBe("FORBIDDEN");
    expect((await refusal(set(limited, { key: "k", value: 1 }))).code).toBe("FORBIDDEN");

    const { revision } = await set(store, { key: "new", value: 1 });
    expect(BigInt(revision)).toBe(BigInt(viewer.headRevision) + 1n);
    const { entry } = await increment(store, { namespace: "meta", key: "completed" });
    const before = expected.entries.find(({ key }: { key: string }) => key === "completed");
    expect(entry.value).toBe(before.value + 1);
  },
);

test.each(plainDatabases)(
  "a database of a later version prevents the server from starting, with one line, on $name",
  async ({ create }) => {
    await using own = await create();
    const data = await startTestServer({}, { ...own, [Symbol.asyncDispose]: async () => {} });
    await data.close();
    await own.execute(
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name", "finished_at")
       VALUES ('later', 'checksum', '29990101000000_later', CURRENT_TIMESTAMP)`,
    );
    const error = await startTestServer({}, own).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toMatch(
      /^[^\n]+: The database has the migration 29990101000000_later, which [^\n]+ Start that version, [^\n]+$/,
    );
  },
);
