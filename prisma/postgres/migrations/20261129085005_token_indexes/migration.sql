-- DropIndex
DROP INDEX "Token_userId_idx";

-- CreateIndex
CREATE INDEX "Token_userId_createdAt_tokenId_idx" ON "Token"("userId", "createdAt", "tokenId");

-- CreateIndex
CREATE INDEX "Token_userId_revokedAt_expiresAt_idx" ON "Token"("userId", "revokedAt", "expiresAt");
