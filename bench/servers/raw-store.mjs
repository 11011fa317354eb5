// Baton's tables through the raw SQLite driver, as the optimum for a store: the same file, columns and indexes, full
// sync.

import Database from "libsql";

/**
 * Opens a file that Baton created and no longer uses. The content of a row is copied from the newest existing row, so
 * that new columns need no change here.
 * @param {string} file
 */
export function openRawStore(file) {
  const database = new Database(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  return {
    /** @param {number} rowCount the number of rows that each call of the result writes */
    insertOf: (rowCount) => insertOf(database, rowCount),
    /** @param {number} rowCount the number of changes in a page */
    pagesOf: (rowCount) => pagesOf(database, rowCount),
    close: () => database.close(),
  };
}

/** Copies a store that is in use, as of one moment. */
export function copyStore(from, to) {
  const database = new Database(from);
  database.prepare("VACUUM INTO ?").run(to);
  database.close();
}

const quoted = (names) => names.map((name) => `"${name}"`).join(", ");

/** One multi-row insert of entries and one of log rows, and the head, in one transaction: prepared once. */
function insertOf(database, rowCount) {
  const newest = (table) =>
    database.prepare(`SELECT * FROM "${table}" ORDER BY "revision" DESC LIMIT 1`).get();
  const templates = { Entry: newest("Entry"), Change: newest("Change") };
  const { userId } = templates.Entry;
  let { revision } = templates.Entry;
  const prepare = (table, conflict) => {
    const columns = database
      .prepare(`PRAGMA table_info("${table}")`)
      .all()
      .map(({ name }) => name);
    const row = `(${columns.map(() => "?").join(", ")})`;
    return {
      columns,
      statement: database.prepare(
        `INSERT INTO "${table}" (${quoted(columns)}) VALUES ${Array(rowCount).fill(row).join(", ")}${conflict(columns)}`,
      ),
    };
  };
  const key = ["userId", "namespace", "key"];
  const entries = prepare("Entry", (columns) => {
    const replaced = columns.filter((name) => !key.includes(name));
    const sets = replaced.map((name) => `"${name}" = excluded."${name}"`).join(", ");
    return ` ON CONFLICT (${quoted(key)}) DO UPDATE SET ${sets}`;
  });
  const changes = prepare("Change", () => "");
  const setHead = database.prepare(`UPDATE "User" SET "headRevision" = ? WHERE "userId" = ?`);
  const write = database.transaction((rows) => {
    for (const { columns, statement } of [entries, changes]) {
      const template = columns === entries.columns ? templates.Entry : templates.Change;
      statement.run(rows.flatMap((row) => columns.map((name) => row[name] ?? template[name])));
    }
    setHead.run(revision, userId);
  });
  /** @param {{ namespace: string, entries: { key: string, value: unknown }[] }} input */
  return (input) =>
    write.immediate(
      input.entries.map((entry) => ({
        namespace: input.namespace,
        key: entry.key,
        value: JSON.stringify(entry.value),
        revision: (revision += 1),
      })),
    );
}

/** Pages of the log, each row as JSON text. */
function* pagesOf(database, rowCount) {
  const { userId } = database.prepare(`SELECT "userId" FROM "Change" LIMIT 1`).get();
  const read = database.prepare(
    `SELECT * FROM "Change" WHERE "userId" = ? AND "revision" > ? ORDER BY "revision" LIMIT ?`,
  );
  for (let after = 0; ;) {
    const rows = read.all(userId, after, rowCount);
    if (rows.length === 0) return;
    after = rows.at(-1).revision;
    yield rows.map((row) => JSON.stringify(row));
  }
}
