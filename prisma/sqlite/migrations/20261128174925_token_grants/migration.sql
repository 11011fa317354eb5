-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_Token" (
    "tokenId" TEXT NOT NULL PRIMARY KEY,
    "hash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "agent" TEXT,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME,
    "revokedAt" DATETIME,
    "grants" TEXT NOT NULL
);
-- Each scope in each of the namespaces. Whoever could write could claim, so write becomes write and claim.
INSERT INTO "new_Token" ("agent", "createdAt", "expiresAt", "hash", "revokedAt", "tokenId", "userId", "grants") SELECT "agent", "createdAt", "expiresAt", "hash", "revokedAt", "tokenId", "userId", CASE WHEN "scopes" = '' THEN '[]' ELSE (
    SELECT json_group_array("scopes" || CASE WHEN "scopes" LIKE '%write%' THEN ',claim ' ELSE ' ' END || "value")
    FROM json_each("namespacePatterns")
) END FROM "Token";
DROP TABLE "Token";
ALTER TABLE "new_Token" RENAME TO "Token";
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");
CREATE INDEX "Token_userId_idx" ON "Token"("userId");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
