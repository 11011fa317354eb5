/**
 * Selects the errors in the pages of a database file, one per row. It reads the whole file.
 *
 * FTS5's check of the search index is left out. For an index without contents, SQLite 3.45 sometimes reports that the
 * index is malformed, and a moment later that it is valid. The pages of that index are checked like all others.
 */
export const selectPageErrors = `SELECT "quick_check" AS "error" FROM pragma_quick_check(100, 'main')
  WHERE "quick_check" <> 'ok' AND "quick_check" NOT LIKE 'malformed inverted index for FTS5 table %' LIMIT 3`;
