-- AlterTable
ALTER TABLE "Entry" ADD COLUMN     "claimAgent" TEXT COLLATE "C";
