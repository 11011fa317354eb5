import { readFile } from "node:fs/promises";
import { StartError } from "../start-error.ts";

/**
 * Reads the documents that callers may send, where they may send no others. The file is a JSON object of documents by their
 * ids, as generators of GraphQL clients write it, or a list of documents.
 * @returns null where no file is named: every document may be sent
 * @throws StartError for a file that can't be used
 */
export async function readTrustedDocuments(file: string): Promise<ReadonlySet<string> | null> {
  if (file === "") return null;
  let listed: unknown;
  try {
    listed = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new StartError(`The trusted documents can't be read: ${(error as Error).message}`);
  }
  const documents = typeof listed === "object" && listed !== null ? Object.values(listed) : [];
  if (documents.length > 0 && documents.every((document) => typeof document === "string")) {
    return new Set(documents);
  }
  throw new StartError(
    `${file} must be a JSON object of documents by their ids, or a list of documents, with at least one.`,
  );
}
