-- AlterTable
ALTER TABLE "Token" ADD COLUMN     "grants" TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- Each scope in each of the namespaces. Whoever could write could claim, so write becomes write and claim.
UPDATE "Token" SET "grants" = (
    SELECT json_agg("scopes" || CASE WHEN "scopes" LIKE '%write%' THEN ',claim ' ELSE ' ' END || "pattern" ORDER BY "place")::text
    FROM json_array_elements_text("namespacePatterns"::json) WITH ORDINALITY AS "listed"("pattern", "place")
) WHERE "scopes" <> '' AND "namespacePatterns" <> '[]';

-- AlterTable
ALTER TABLE "Token" ALTER COLUMN "grants" DROP DEFAULT,
DROP COLUMN "namespacePatterns",
DROP COLUMN "scopes";
