-- AlterTable
ALTER TABLE "Change" ADD COLUMN "expiresAt" DATETIME;

-- CreateTable
CREATE TABLE "Answer" (
    "userId" TEXT NOT NULL,
    "idempotencyKey" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "digest" TEXT NOT NULL,
    "results" TEXT NOT NULL,

    PRIMARY KEY ("userId", "idempotencyKey")
);

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
    "claimExpiresAt" DATETIME,
    "isCompleted" BOOLEAN NOT NULL DEFAULT false,
    "sizeBytes" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("userId", "namespace", "key")
);
INSERT INTO "new_Entry" ("createdAt", "createdBy", "createdRevision", "key", "metadata", "namespace", "revision", "sizeBytes", "updatedAt", "updatedBy", "userId", "value") SELECT "createdAt", "createdBy", "createdRevision", "key", "metadata", "namespace", "revision", "sizeBytes", "updatedAt", "updatedBy", "userId", "value" FROM "Entry";
DROP TABLE "Entry";
ALTER TABLE "new_Entry" RENAME TO "Entry";
CREATE INDEX "Entry_userId_namespace_isCompleted_key_idx" ON "Entry"("userId", "namespace", "isCompleted", "key");
CREATE INDEX "Entry_expiresAt_idx" ON "Entry"("expiresAt");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- CreateIndex
CREATE INDEX "Answer_at_idx" ON "Answer"("at");
