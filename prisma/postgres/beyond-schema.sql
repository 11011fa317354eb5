CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Where pg_trgm is in a schema that is not searched, as some providers have it: for this transaction it is.
SELECT set_config('search_path', current_setting('search_path') || ', ' || quote_ident(nspname), true)
FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm';

-- With the user in it, so that a search does not meet what others have.
CREATE INDEX "SearchText_userId_text_idx" ON "SearchText" USING gin ("userId", "text" gin_trgm_ops);

-- What has expired of one user, for reads that leave it out. Entries without an expiry cost nothing here.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;

-- Which copy of the database this is: each restore of a dump makes another one.
CREATE FUNCTION "newCopy"() RETURNS TEXT LANGUAGE sql IMMUTABLE
AS $$ SELECT left(replace(pg_catalog.gen_random_uuid()::text, '-', ''), 12) $$;
ALTER TABLE "History" ADD COLUMN "copy" TEXT COLLATE "C" GENERATED ALWAYS AS ("newCopy"()) STORED;
