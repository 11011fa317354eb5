/**
 * Selects what is wrong with the pages of a database file, which reads all of it. No row: nothing is.
 *
 * FTS5's opinion of the search index is left out: for an index without contents, SQLite 3.45 calls it malformed now and
 * then, and sound a moment later. The pages of that index are checked like all others.
 */
export const selectFaults = `SELECT "quick_check" AS "fault" FROM pragma_quick_check(100, 'main')
  WHERE "quick_check" <> 'ok' AND "quick_check" NOT LIKE 'malformed inverted index for FTS5 table %' LIMIT 3`;
