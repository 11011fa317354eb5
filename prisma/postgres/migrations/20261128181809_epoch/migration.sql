-- CreateTable
CREATE TABLE "History" (
    "epoch" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "History_pkey" PRIMARY KEY ("epoch")
);

-- The history that the logs have had until now.
INSERT INTO "History" ("epoch") VALUES (replace(gen_random_uuid()::text, '-', ''));
