-- CreateTable
CREATE TABLE "SearchText" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "revision" BIGINT NOT NULL,
    "text" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "SearchText_pkey" PRIMARY KEY ("userId","namespace","key")
);

-- CreateTable
CREATE TABLE "SearchProgress" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "indexedRevision" BIGINT NOT NULL,
    "buildingNamespace" TEXT COLLATE "C",
    "buildingKey" TEXT COLLATE "C",

    CONSTRAINT "SearchProgress_pkey" PRIMARY KEY ("userId")
);

-- CreateIndex
CREATE INDEX "SearchText_userId_revision_idx" ON "SearchText"("userId", "revision");

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Where pg_trgm is in a schema that is not searched, as some providers have it: for this transaction it is.
SELECT set_config('search_path', current_setting('search_path') || ', ' || quote_ident(nspname), true)
FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm';

-- With the user in it, so that a search does not meet what others have.
CREATE INDEX "SearchText_userId_text_idx" ON "SearchText" USING gin ("userId", "text" gin_trgm_ops);
