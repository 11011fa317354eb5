// What ingest.ts stores and find.ts reads.
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** A file: its text, or why that is not stored. */
export type StoredFile = { text: string } | { skipped: "binary" | "too large" };

/** The files of a repository by their paths, with forward slashes. */
export interface Repository {
  [path: string]: StoredFile;
}

/** What is known of a file without its text: it is the entry's metadata. */
export interface FileMetadata {
  sha256: string;
  bytes: number;
}

const thisRepository = fileURLToPath(new URL("../..", import.meta.url));

/** What both programs are told: `[folder] [--name name]`. Two folders of the same name need one given. */
export function repositoryArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: "string" } },
  });
  return {
    positionals,
    repositoryOf(folder = thisRepository) {
      const name = values.name ?? basename(resolve(folder));
      return { folder: resolve(folder), namespace: `repository:${name}` };
    },
  };
}
