-- CreateTable
CREATE TABLE "User" (
    "userId" TEXT NOT NULL PRIMARY KEY,
    "headRevision" BIGINT NOT NULL DEFAULT 0,
    "compactedRevision" BIGINT NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Entry" (
    "userId" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "createdRevision" BIGINT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "createdBy" TEXT,
    "updatedBy" TEXT,
    "sizeBytes" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("userId", "namespace", "key")
);

-- CreateTable
CREATE TABLE "Change" (
    "userId" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "key" TEXT,
    "agent" TEXT,
    "at" DATETIME NOT NULL,
    "createdRevision" BIGINT,
    "createdAt" DATETIME,
    "createdBy" TEXT,
    "sizeBytes" INTEGER,
    "metadata" TEXT,
    "value" TEXT,

    PRIMARY KEY ("userId", "revision")
);

-- CreateTable
CREATE TABLE "Token" (
    "tokenId" TEXT NOT NULL PRIMARY KEY,
    "hash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "agent" TEXT,
    "scopes" TEXT NOT NULL,
    "namespacePatterns" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME,
    "revokedAt" DATETIME
);

-- CreateIndex
CREATE INDEX "Change_userId_namespace_key_revision_idx" ON "Change"("userId", "namespace", "key", "revision");

-- CreateIndex
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");

-- CreateIndex
CREATE INDEX "Token_userId_idx" ON "Token"("userId");
