-- CreateTable
CREATE TABLE "History" (
    "epoch" TEXT NOT NULL PRIMARY KEY
);

-- The history that the logs have had until now.
INSERT INTO "History" ("epoch") VALUES (lower(hex(randomblob(16))));
