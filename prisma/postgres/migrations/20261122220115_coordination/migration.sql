-- AlterTable
ALTER TABLE "Entry" ADD COLUMN     "claimAttempt" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "claimExpiresAt" TIMESTAMP(3),
ADD COLUMN     "claimToken" TEXT COLLATE "C",
ADD COLUMN     "expiresAt" TIMESTAMP(3),
ADD COLUMN     "isCompleted" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Change" ADD COLUMN     "expiresAt" TIMESTAMP(3);

-- CreateTable
CREATE TABLE "Answer" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "idempotencyKey" TEXT COLLATE "C" NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "digest" TEXT COLLATE "C" NOT NULL,
    "results" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "Answer_pkey" PRIMARY KEY ("userId","idempotencyKey")
);

-- CreateIndex
CREATE INDEX "Answer_at_idx" ON "Answer"("at");

-- CreateIndex
CREATE INDEX "Entry_userId_namespace_isCompleted_key_idx" ON "Entry"("userId", "namespace", "isCompleted", "key");

-- CreateIndex
CREATE INDEX "Entry_expiresAt_idx" ON "Entry"("expiresAt");
