-- CreateTable
CREATE TABLE "User" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "headRevision" BIGINT NOT NULL DEFAULT 0,
    "compactedRevision" BIGINT NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "Entry" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "revision" BIGINT NOT NULL,
    "createdRevision" BIGINT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "createdBy" TEXT COLLATE "C",
    "updatedBy" TEXT COLLATE "C",
    "sizeBytes" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "Entry_pkey" PRIMARY KEY ("userId","namespace","key")
);

-- CreateTable
CREATE TABLE "Change" (
    "userId" TEXT COLLATE "C" NOT NULL,
    "revision" BIGINT NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C",
    "agent" TEXT COLLATE "C",
    "at" TIMESTAMP(3) NOT NULL,
    "createdRevision" BIGINT,
    "createdAt" TIMESTAMP(3),
    "createdBy" TEXT COLLATE "C",
    "sizeBytes" INTEGER,
    "metadata" TEXT,
    "value" TEXT,

    CONSTRAINT "Change_pkey" PRIMARY KEY ("userId","revision")
);

-- CreateTable
CREATE TABLE "Token" (
    "tokenId" TEXT COLLATE "C" NOT NULL,
    "hash" TEXT COLLATE "C" NOT NULL,
    "userId" TEXT COLLATE "C" NOT NULL,
    "agent" TEXT COLLATE "C",
    "scopes" TEXT COLLATE "C" NOT NULL,
    "namespacePatterns" TEXT COLLATE "C" NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3),
    "revokedAt" TIMESTAMP(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("tokenId")
);

-- CreateIndex
CREATE INDEX "Change_userId_namespace_key_revision_idx" ON "Change"("userId", "namespace", "key", "revision");

-- CreateIndex
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");

-- CreateIndex
CREATE INDEX "Token_userId_idx" ON "Token"("userId");
