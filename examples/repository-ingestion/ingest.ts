// Stores a repository's files, one key per file. A later run stores only changed files:
//   node --import tsx examples/repository-ingestion/ingest.ts [folder] [--name name]
import type { DataStore, Revision } from "baton-store/client";
import { agent } from "../agent.ts";
import { batches, type BatchLimits } from "./batches.ts";
import { listFiles, readStoredFile } from "./files.ts";
import {
  repositoryArguments,
  type FileMetadata,
  type Repository,
  type StoredFile,
} from "./repository.ts";

type Limits = BatchLimits & { maxValueBytes: number; maxKeyBytes: number };
/** The entry of a file, without its value. */
type Stored = { key: string; revision: Revision; metadata: Partial<FileMetadata> };
/** A write. Without a file, it deletes the entry. */
type Write = {
  path: string;
  ifRevision: Revision;
  file?: { value: StoredFile; metadata: FileMetadata };
};

const { positionals, repositoryOf } = repositoryArguments();
const { folder, namespace } = repositoryOf(positionals[0]);

await agent("ingest", async (store) => {
  const files = store.namespace<Repository>(namespace);
  const limits = await limitsOf(store);
  const count = { written: 0, unchanged: 0, deleted: 0, withoutText: 0 };

  for await (const batch of batches(writes(store, limits, count), limits)) {
    // A batch is written completely or not at all. A write of another client since the listing causes a CONFLICT.
    await store.transact((t) => {
      for (const { path, ifRevision, file } of batch) {
        const { value, metadata } = file ?? {};
        if (value) t.in(files).set(path, value, { metadata: { ...metadata }, ifRevision });
        else t.in(files).delete(path, { ifRevision });
      }
    });
    for (const { file } of batch) count[file ? "written" : "deleted"]++;
  }
  const { written, unchanged, deleted, withoutText } = count;
  console.log(
    `${namespace}: ${written} written, ${unchanged} unchanged, ${deleted} deleted; ${withoutText} binary or too large`,
  );
});

/** Lists the writes that make the stored files equal to those in the folder. */
async function* writes(
  store: DataStore,
  limits: Limits,
  count: { unchanged: number; withoutText: number },
): AsyncGenerator<Write, void> {
  const stored = new Map<string, Stored>();
  for await (const entry of listStored(store)) stored.set(entry.key, entry);

  for (const path of await listFiles(folder)) {
    if (!canBeKey(path, limits)) {
      console.error(`left out, its path is not a valid key: ${JSON.stringify(path)}`);
      continue;
    }
    const file = await readStoredFile(folder, path, limits.maxValueBytes);
    if (file === null) continue;
    const before = stored.get(path);
    stored.delete(path);
    if ("skipped" in file.value) count.withoutText++;
    if (before?.metadata.sha256 === file.metadata.sha256) count.unchanged++;
    else yield { path, file, ifRevision: before?.revision ?? "0" }; // "0": only if there is none.
  }
  // The remaining entries are not in the folder any more.
  for (const { key, revision } of stored.values()) yield { path: key, ifRevision: revision };
}

function canBeKey(path: string, { maxKeyBytes }: Limits): boolean {
  return Buffer.byteLength(path) <= maxKeyBytes && !/\p{Cc}/u.test(path);
}

async function limitsOf(store: DataStore): Promise<Limits> {
  const { viewer } = await store.graphql<{ viewer: { limits: Limits } }>(
    "{ viewer { limits { maxBatchOperations maxBodyBytes maxValueBytes maxKeyBytes } } }",
  );
  return viewer.limits;
}

/** Reads every entry page by page, without the texts: GraphQL returns only the selected fields. */
async function* listStored(store: DataStore): AsyncGenerator<Stored, void> {
  type Page = {
    entries: { nodes: Stored[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
  };
  let page = { hasNextPage: true, endCursor: null as string | null };
  while (page.hasNextPage) {
    const { entries } = await store.graphql<Page>(
      `query ($namespace: String!, $after: String) {
        entries(namespace: $namespace, after: $after) {
          nodes { key revision metadata } pageInfo { endCursor hasNextPage }
        }
      }`,
      { namespace, after: page.endCursor },
    );
    yield* entries.nodes;
    page = entries.pageInfo;
  }
}
