-- AlterTable
ALTER TABLE "Entry" ADD COLUMN "claimAgent" TEXT;
