-- CreateIndex
CREATE INDEX "Entry_userId_createdRevision_namespace_key_idx" ON "Entry"("userId", "createdRevision", "namespace", "key");
