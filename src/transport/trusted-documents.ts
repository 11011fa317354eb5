import { readFile } from "node:fs/promises";
import { StartError } from "../start-error.ts";

/**
 * Reads the only documents that callers can send. The file is a JSON object of documents by ID, as generators of
 * GraphQL clients write it, or a list of documents.
 * @returns null if no file is configured, so that all documents are allowed
 * @throws StartError if the file cannot be used
 */
export async function readTrustedDocuments(file: string): Promise<ReadonlySet<string> | null> {
  if (file === "") return null;
  let listed: unknown;
  try {
    listed = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    // The message of a syntax error quotes the text, which can have several lines.
    const message = (error as Error).message.replaceAll(/\s+/g, " ");
    throw new StartError(`The trusted documents in ${file} cannot be read: ${message}`, 2);
  }
  const documents = typeof listed === "object" && listed !== null ? Object.values(listed) : [];
  if (documents.length > 0 && documents.every((document) => typeof document === "string")) {
    return new Set(documents);
  }
  throw new StartError(
    `${file} must be a JSON object of documents by ID, or a list of documents, with at least one document.`,
    2,
  );
}
