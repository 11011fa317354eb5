import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import pino from "pino";
import { expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { readEntries } from "../../src/database/read-entries.ts";
import { now } from "../../src/database/sqlite/now.ts";
import type { Sql, SqlReader } from "../../src/database/sql.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { createSqlite } from "../own-database.ts";

test("SQLite finds a page of entries by the index, and looks at no others", async () => {
  await using own = await createSqlite();
  const database = await openDatabase(defaultConfig(own.config), pino({ level: "silent" }));
  await database.close();
  const sqlite = createClient({ url: pathToFileURL(own.url.slice("file:".length)).href });
  const searched: string[] = [];
  const client: SqlReader = {
    async all<Row>({ sql, values }: Sql) {
      const args = values as string[];
      const { rows } = await sqlite.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
      searched.push(...rows.map(({ detail }) => String(detail)));
      return [] as Row[];
    },
  };
  const selection = { namespaces: [everything], keys: everything };
  await readEntries(
    { client, now },
    { userId: "local", selection, onlyKeys: null, after: { namespace: "n", key: "k" } },
    { maxItems: 10, maxBytes: 1_000 },
  );
  sqlite.close();
  const byIndex = "SEARCH Entry USING INDEX sqlite_autoindex_Entry_1";
  expect(searched.filter((step) => step.includes("Entry"))).toEqual([
    `${byIndex} (userId=? AND (namespace,key)>(?,?))`,
    `${byIndex} (userId=? AND namespace=? AND key=?) LEFT-JOIN`,
  ]);
});
