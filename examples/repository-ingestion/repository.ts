// The data that ingest.ts stores and find.ts reads.
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** A file: its text, or the reason why its text is not stored. */
export type StoredFile = { text: string } | { skipped: "binary" | "too large" };

/** The files of a repository by their paths, with forward slashes. */
export interface Repository {
  [path: string]: StoredFile;
}

/** The entry's metadata: the properties of a file that can be listed without its text. */
export interface FileMetadata {
  sha256: string;
  bytes: number;
}

const thisRepository = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The arguments of both programs: `[folder] [--name name]`. Two folders with the same name need different `--name`s.
 */
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
