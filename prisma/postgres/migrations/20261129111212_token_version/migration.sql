-- AlterTable
ALTER TABLE "History" ADD COLUMN "tokenVersion" BIGINT NOT NULL DEFAULT 0;

-- A store with tokens is not new: its next start creates no local token.
UPDATE "History" SET "tokenVersion" = (SELECT COUNT(*) FROM "Token");

-- Every change of a token increments the version, even one by an earlier version of Baton during an upgrade, or by hand.
-- The driver of Prisma ends a statement at each semicolon, so the body contains \x3B instead.
CREATE FUNCTION "tokenChanged"() RETURNS TRIGGER LANGUAGE plpgsql AS E'
BEGIN
  EXECUTE format(''UPDATE %I."History" SET "tokenVersion" = "tokenVersion" + 1'', TG_TABLE_SCHEMA)\x3B
  RETURN NULL\x3B
END';

CREATE TRIGGER "Token_changed" AFTER INSERT OR UPDATE OR DELETE ON "Token"
FOR EACH ROW EXECUTE FUNCTION "tokenChanged"();

-- CreateIndex
CREATE INDEX "Token_revokedAt_idx" ON "Token"("revokedAt");

-- CreateIndex
CREATE INDEX "Token_expiresAt_idx" ON "Token"("expiresAt");
