-- AlterTable
ALTER TABLE "History" ADD COLUMN "tokenVersion" BIGINT NOT NULL DEFAULT 0;

-- A store with tokens is not new: its next start creates no local token.
UPDATE "History" SET "tokenVersion" = (SELECT COUNT(*) FROM "Token");

-- Every change of a token increments the version, even one by an earlier version of Baton during an upgrade, or by hand.
CREATE TRIGGER "Token_inserted" AFTER INSERT ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;

CREATE TRIGGER "Token_updated" AFTER UPDATE ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;

CREATE TRIGGER "Token_deleted" AFTER DELETE ON "Token"
BEGIN UPDATE "History" SET "tokenVersion" = "tokenVersion" + 1; END;

-- CreateIndex
CREATE INDEX "Token_revokedAt_idx" ON "Token"("revokedAt");

-- CreateIndex
CREATE INDEX "Token_expiresAt_idx" ON "Token"("expiresAt");
