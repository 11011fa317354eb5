-- DropIndex
DROP INDEX "Entry_userId_namespace_isCompleted_key_idx";

-- AlterTable
ALTER TABLE "Entry" ADD COLUMN     "claimError" TEXT COLLATE "C",
ADD COLUMN     "claimFailedAt" TIMESTAMP(3),
ADD COLUMN     "claimMaxAttempts" INTEGER,
ADD COLUMN     "isDeadLettered" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "Entry_userId_namespace_isCompleted_isDeadLettered_key_idx" ON "Entry"("userId", "namespace", "isCompleted", "isDeadLettered", "key");
