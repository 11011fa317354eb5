import pg from "pg";
import { startPostgres } from "../test/embedded-postgres.mjs";

/** Describes the schema that each list of scripts creates in an empty PostgreSQL database. */
export async function describePostgres(histories) {
  const server = await startPostgres({ postgresFlags: ["-cfsync=off"] });
  try {
    const client = new pg.Client(server.url);
    await client.connect();
    const descriptions = [];
    for (const scripts of histories) {
      await client.query("BEGIN");
      for (const script of scripts) await client.query(script);
      descriptions.push((await client.query(describeSchema)).rows.map(({ fact }) => fact));
      await client.query("ROLLBACK");
    }
    await client.end();
    return descriptions;
  } finally {
    await server.stop();
  }
}

/**
 * Leaves out the position of a column: a migration adds a column after the others, regardless of its
 * position in the schema.
 */
const describeSchema = `
  WITH relation AS (
    SELECT oid, relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace
  )
  SELECT format('%s (relkind %s)', relname, relkind) AS fact FROM relation WHERE relkind <> 'i'
  UNION ALL
  SELECT format('%s.%s: %s, %s%s%s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'not null' ELSE 'nullable' END,
    ', collation ' || collname, ', default ' || pg_get_expr(adbin, adrelid))
  FROM relation
  JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_collation ON pg_collation.oid = attcollation
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind = 'r'
  UNION ALL
  SELECT pg_get_indexdef(oid) FROM relation WHERE relkind = 'i'
  UNION ALL
  SELECT format('%s.%s: %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
  FROM pg_constraint JOIN relation ON relation.oid = conrelid
  UNION ALL
  SELECT format('type %s (typtype %s)', typname, typtype) FROM pg_type
  WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'd')
  ORDER BY fact`;
