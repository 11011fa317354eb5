-- Gives each user a part of the index's rowids. INTEGER PRIMARY KEY: VACUUM does not number these anew.
CREATE TABLE "SearchUser" ("number" INTEGER PRIMARY KEY, "userId" TEXT NOT NULL UNIQUE);

-- The trigrams of every SearchText, at the rowid that its user's number and its revision make.
CREATE VIRTUAL TABLE "SearchIndex" USING fts5("text", content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');

-- What has expired of one user, for reads that leave it out. Entries without an expiry cost nothing here.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;
