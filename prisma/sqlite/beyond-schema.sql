-- Assigns each user a range of the index's rowids. VACUUM does not renumber an INTEGER PRIMARY KEY.
CREATE TABLE "SearchUser" ("number" INTEGER PRIMARY KEY, "userId" TEXT NOT NULL UNIQUE);

-- The trigrams of every SearchText. The rowid consists of the user's number and the revision.
CREATE VIRTUAL TABLE "SearchIndex" USING fts5("text", content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');

-- The expired entries of one user, for reads that leave them out. Entries without an expiry are not in the index.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;

-- Every change of a token increments the version, even one by an earlier version of Baton during an upgrade, or by hand.
CREATE TRIGGER "Token_inserted" AFTER INSERT ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;

CREATE TRIGGER "Token_updated" AFTER UPDATE ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;

CREATE TRIGGER "Token_deleted" AFTER DELETE ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;
