-- Splits the tables of users' data by "userId": rows of one user lie in one partition of each table. "Import", of which a
-- user has one row at most and mostly none, stays as it is.
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f partition.sql
--
-- Once, on a database that Baton has migrated, empty or not, while no server runs. It copies every row: have as much
-- room free as the database takes. It is one transaction: it is done whole or not at all. docs/scaling.md says when to.
--
-- Names, columns, keys and indexes stay as the migrations made them, so that later migrations apply to the result.
-- What somebody else has added (triggers, policies, publications, foreign keys) does not come along.

BEGIN;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '10s';

DO $script$
DECLARE
  -- Choose it once: to change it later means to copy every row again. Some multiple of the machines ever to come.
  partition_count CONSTANT integer := 16;
  table_name text;
  plain regclass;
  owner_name name;
  keys_and_indexes text[];
  grants text[];
  statement text;
  is_any_plain boolean := false;
BEGIN
  PERFORM pg_advisory_xact_lock(72707369); -- nobody migrates meanwhile

  FOREACH table_name IN ARRAY ARRAY['User', 'Entry', 'Namespace', 'NamespaceAgent', 'Change', 'Answer', 'SearchText', 'SearchProgress'] LOOP
    plain := to_regclass(format('%I.%I', current_schema(), table_name));
    IF plain IS NULL THEN
      RAISE EXCEPTION 'The schema % has no table %: let Baton migrate it first.', current_schema(), table_name;
    END IF;
    -- What a later migration adds is plain, beside what was partitioned before.
    CONTINUE WHEN (SELECT relkind FROM pg_class WHERE oid = plain) <> 'r';
    is_any_plain := true;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', plain);

    SELECT pg_get_userbyid(relowner) INTO owner_name FROM pg_class WHERE oid = plain;
    SELECT array_agg(command ORDER BY is_key DESC, command) INTO keys_and_indexes FROM (
      SELECT true AS is_key,
        format('ALTER TABLE %I ADD CONSTRAINT %I %s', table_name, conname, pg_get_constraintdef(oid)) AS command
      FROM pg_constraint WHERE conrelid = plain AND contype IN ('p', 'u')
      UNION ALL
      SELECT false, pg_get_indexdef(indexrelid) FROM pg_index
      WHERE indrelid = plain AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ) AS commands;
    SELECT array_agg(format('GRANT %s ON %I TO %s', privilege_type, table_name,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)) INTO grants
    FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = plain;

    EXECUTE format('ALTER TABLE %I RENAME TO %I', table_name, table_name || '_plain');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH ("userId")',
      table_name, table_name || '_plain');
    EXECUTE format('ALTER TABLE %I OWNER TO %I', table_name, owner_name);
    FOR place IN 0 .. partition_count - 1 LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
        table_name || '_' || place, table_name, partition_count, place);
      EXECUTE format('ALTER TABLE %I OWNER TO %I', table_name || '_' || place, owner_name);
    END LOOP;
    EXECUTE format('INSERT INTO %I SELECT * FROM %I', table_name, table_name || '_plain');
    EXECUTE format('DROP TABLE %I', table_name || '_plain');

    -- After the rows, which is faster, and after the old ones, whose names they take.
    FOREACH statement IN ARRAY keys_and_indexes || coalesce(grants, '{}') LOOP
      EXECUTE statement;
    END LOOP;
  END LOOP;
  IF NOT is_any_plain THEN
    RAISE EXCEPTION 'The tables are partitioned already.';
  END IF;
END
$script$;

-- Nothing else does: autovacuum looks at the partitions, never at the whole. Do it again from time to time.
ANALYZE "User", "Entry", "Namespace", "NamespaceAgent", "Change", "Answer", "SearchText", "SearchProgress";
COMMIT;
