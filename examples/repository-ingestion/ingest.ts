// Stores a repository's files, one key a file, and later what changed in them:
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
/** A file's entry without its value. */
type Stored = { key: string; revision: Revision; metadata: Partial<FileMetadata> };
/** What is to be done; without a file the entry is to go. */
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
    // All of a batch or nothing, and nothing that somebody else has written since it was listed: a CONFLICT.
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

/** What has to be written so that what is stored is what is in the folder. */
async function* writes(
  store: DataStore,
  limits: Limits,
  count: { unchanged: number; withoutText: number },
): AsyncGenerator<Write, void> {
  const stored = new Map<string, Stored>();
  for await (const entry of listStored(store)) stored.set(entry.key, entry);

  for (const path of await listFiles(folder)) {
    if (!canBeKey(path, limits)) {
      console.error(`left out, its path can't be a key: ${JSON.stringify(path)}`);
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
  // What is left is not in the folder any more.
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

/** Every entry, page by page, without the texts: GraphQL sends what it is asked for. */
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
