-- Which copy of the database this is. A dump has no values of generated columns, so each restore makes another one. Only an
-- immutable function may be called here, and this one is not: it is called once for the row, and never compared.
CREATE FUNCTION "newCopy"() RETURNS TEXT LANGUAGE sql IMMUTABLE
AS $$ SELECT left(replace(pg_catalog.gen_random_uuid()::text, '-', ''), 12) $$;

ALTER TABLE "History" ADD COLUMN "copy" TEXT COLLATE "C" GENERATED ALWAYS AS ("newCopy"()) STORED;
