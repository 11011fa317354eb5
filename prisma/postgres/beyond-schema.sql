CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- With some providers, pg_trgm is in a schema outside the search_path. This transaction adds that schema.
SELECT set_config('search_path', current_setting('search_path') || ', ' || quote_ident(nspname), true)
FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm';

-- Contains the user, so that a search does not read the rows of other users.
CREATE INDEX "SearchText_userId_text_idx" ON "SearchText" USING gin ("userId", "text" gin_trgm_ops);

-- The expired entries of one user, for reads that leave them out. Entries without an expiry are not in the index.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;

-- Identifies this copy of the database: each restore of a dump generates a different value.
CREATE FUNCTION "newCopy"() RETURNS TEXT LANGUAGE sql IMMUTABLE
AS $$ SELECT left(replace(pg_catalog.gen_random_uuid()::text, '-', ''), 12) $$;
ALTER TABLE "History" ADD COLUMN "copy" TEXT COLLATE "C" GENERATED ALWAYS AS ("newCopy"()) STORED;

-- Every change of a token increments the version, even one by an earlier version of Baton during an upgrade, or by hand.
-- The driver of Prisma ends a statement at each semicolon, so the body contains \x3B instead.
CREATE FUNCTION "tokenChanged"() RETURNS TRIGGER LANGUAGE plpgsql AS E'
BEGIN
  EXECUTE format(''UPDATE %I."History" SET "tokenVersion" = "tokenVersion" + 1'', TG_TABLE_SCHEMA)\x3B
  RETURN NULL\x3B
END';

CREATE TRIGGER "Token_changed" AFTER INSERT OR UPDATE OR DELETE ON "Token"
FOR EACH ROW EXECUTE FUNCTION "tokenChanged"();
