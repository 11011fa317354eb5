-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_Entry" (
    "userId" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "createdRevision" BIGINT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "createdBy" TEXT,
    "updatedBy" TEXT,
    "expiresAt" DATETIME,
    "claimToken" TEXT,
    "claimAttempt" INTEGER NOT NULL DEFAULT 0,
    "claimMaxAttempts" INTEGER,
    "claimExpiresAt" DATETIME,
    "claimFailedAt" DATETIME,
    "isCompleted" BOOLEAN NOT NULL DEFAULT false,
    "isDeadLettered" BOOLEAN NOT NULL DEFAULT false,
    "sizeBytes" INTEGER NOT NULL,
    "claimError" TEXT,
    "metadata" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("userId", "namespace", "key")
);
INSERT INTO "new_Entry" ("claimAttempt", "claimExpiresAt", "claimToken", "createdAt", "createdBy", "createdRevision", "expiresAt", "isCompleted", "key", "metadata", "namespace", "revision", "sizeBytes", "updatedAt", "updatedBy", "userId", "value") SELECT "claimAttempt", "claimExpiresAt", "claimToken", "createdAt", "createdBy", "createdRevision", "expiresAt", "isCompleted", "key", "metadata", "namespace", "revision", "sizeBytes", "updatedAt", "updatedBy", "userId", "value" FROM "Entry";
DROP TABLE "Entry";
ALTER TABLE "new_Entry" RENAME TO "Entry";
CREATE INDEX "Entry_userId_namespace_isCompleted_isDeadLettered_key_idx" ON "Entry"("userId", "namespace", "isCompleted", "isDeadLettered", "key");
CREATE INDEX "Entry_expiresAt_idx" ON "Entry"("expiresAt");
-- It went with the old table.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
