-- AlterTable
ALTER TABLE "History" ADD COLUMN "tokenVersion" BIGINT NOT NULL DEFAULT 0;

-- A store with tokens is not new: its next start creates no local token.
UPDATE "History" SET "tokenVersion" = (SELECT COUNT(*) FROM "Token");

-- CreateIndex
CREATE INDEX "Token_revokedAt_idx" ON "Token"("revokedAt");

-- CreateIndex
CREATE INDEX "Token_expiresAt_idx" ON "Token"("expiresAt");
