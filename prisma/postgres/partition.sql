-- Partitions the tables of users' data by "userId": the rows of one user are in one partition of each table. "Import" is not
-- changed, because it has at most one row per user.
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f partition.sql
--
-- Run it once, on a database that Baton has migrated, empty or not, while no server runs. It copies every row, so the free
-- disk space must be at least the size of the database. It is one transaction. docs/scaling.md says when to run it.
--
-- Names, columns, keys and indexes stay the same, so that later migrations apply to the result. Other objects that were
-- added to the tables (triggers, policies, publications, foreign keys) are lost.

BEGIN;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '10s';

DO $script$
DECLARE
  -- A later change copies every row again, so choose a multiple of the largest number of machines that you expect.
  partition_count CONSTANT integer := 16;
  table_name text;
  plain regclass;
  owner_name name;
  keys_and_indexes text[];
  grants text[];
  statement text;
  is_any_plain boolean := false;
BEGIN
  PERFORM pg_advisory_xact_lock(72707369); -- no other process migrates at the same time

  FOREACH table_name IN ARRAY ARRAY['User', 'Entry', 'Namespace', 'NamespaceAgent', 'Change', 'Answer', 'SearchText', 'SearchProgress'] LOOP
    plain := to_regclass(format('%I.%I', current_schema(), table_name));
    IF plain IS NULL THEN
      RAISE EXCEPTION 'The schema % has no table %: let Baton migrate it first.', current_schema(), table_name;
    END IF;
    -- A table that a later migration added is plain, while earlier ones are partitioned already.
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

    -- Created after the rows, which is faster, and after the old indexes are gone, because they use the same names.
    FOREACH statement IN ARRAY keys_and_indexes || coalesce(grants, '{}') LOOP
      EXECUTE statement;
    END LOOP;
  END LOOP;
  IF NOT is_any_plain THEN
    RAISE EXCEPTION 'The tables are partitioned already.';
  END IF;
END
$script$;

-- Autovacuum analyzes only the partitions, never the partitioned table. Repeat this periodically.
ANALYZE "User", "Entry", "Namespace", "NamespaceAgent", "Change", "Answer", "SearchText", "SearchProgress";
COMMIT;
