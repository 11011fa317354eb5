-- CreateTable
CREATE TABLE "Import" (
    "userId" TEXT NOT NULL PRIMARY KEY,
    "digest" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "expiredCount" INTEGER NOT NULL
);
