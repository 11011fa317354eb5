-- CreateTable
CREATE TABLE "Namespace" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "entryCount" INTEGER NOT NULL,
    "sizeBytes" BIGINT NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Namespace_pkey" PRIMARY KEY ("userId","namespace")
);

-- CreateTable
CREATE TABLE "NamespaceAgent" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "agent" TEXT COLLATE "C" NOT NULL,
    "referenceCount" INTEGER NOT NULL,

    CONSTRAINT "NamespaceAgent_pkey" PRIMARY KEY ("userId","namespace","agent")
);

-- What has expired of one user, for reads that leave it out. Entries without an expiry cost nothing here.
CREATE INDEX "Entry_expiry_idx" ON "Entry"("userId", "expiresAt") WHERE "expiresAt" IS NOT NULL;

-- What the entries that are there come to.
INSERT INTO "Namespace" ("userId", "namespace", "entryCount", "sizeBytes", "updatedAt")
SELECT "userId", "namespace", COUNT(*), SUM("sizeBytes"), MAX("updatedAt") FROM "Entry" GROUP BY "userId", "namespace";

INSERT INTO "NamespaceAgent" ("userId", "namespace", "agent", "referenceCount")
SELECT "userId", "namespace", "agent", COUNT(*) FROM (
    SELECT "userId", "namespace", "createdBy" AS "agent" FROM "Entry"
    UNION ALL
    SELECT "userId", "namespace", "updatedBy" AS "agent" FROM "Entry"
) AS "reference" WHERE "agent" IS NOT NULL GROUP BY "userId", "namespace", "agent";
