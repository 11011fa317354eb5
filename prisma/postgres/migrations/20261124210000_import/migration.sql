-- CreateTable
CREATE TABLE "Import" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "digest" TEXT COLLATE "C" NOT NULL,
    "position" BIGINT NOT NULL,
    "expiredCount" INTEGER NOT NULL,

    CONSTRAINT "Import_pkey" PRIMARY KEY ("userId")
);
