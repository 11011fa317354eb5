-- CreateTable
CREATE TABLE "SearchText" (
    "userId" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "text" TEXT NOT NULL,

    PRIMARY KEY ("userId", "namespace", "key")
);

-- CreateTable
CREATE TABLE "SearchProgress" (
    "userId" TEXT NOT NULL PRIMARY KEY,
    "indexedRevision" BIGINT NOT NULL,
    "buildingNamespace" TEXT,
    "buildingKey" TEXT
);

-- CreateIndex
CREATE INDEX "SearchText_userId_revision_idx" ON "SearchText"("userId", "revision");

-- Gives each user a part of the index's rowids. INTEGER PRIMARY KEY: VACUUM does not number these anew.
CREATE TABLE "SearchUser" ("number" INTEGER PRIMARY KEY, "userId" TEXT NOT NULL UNIQUE);

-- The trigrams of every SearchText, at the rowid that its user's number and its revision make.
CREATE VIRTUAL TABLE "SearchIndex" USING fts5("text", content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
