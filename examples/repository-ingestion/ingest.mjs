// @ts-check
// Stores a repository's files, one key a file, and later what changed in them:
//   node examples/repository-ingestion/ingest.mjs [folder] [--name name]
import { parseArgs } from "node:util";
import { connect, fail } from "../baton-client.mjs";
import { bytesOf, listFiles, readEntry } from "./files.mjs";
import { listEntries, repositoryOf } from "./repository.mjs";

/** @typedef {import("../baton-client.mjs").Baton} Baton */
/** @typedef {NonNullable<Awaited<ReturnType<typeof readEntry>>> & { ifRevision: string }} Write */

const LIMITS = `{ viewer { limits { maxBatchOperations maxBodyBytes maxValueBytes maxKeyBytes } } }`;
const SET = `mutation ($namespace: String!, $entries: [SetEntriesItem!]!) {
  setEntries(input: { namespace: $namespace, entries: $entries }) { revision }
}`;
const DELETE = `mutation ($input: DeleteEntryInput!) { deleteEntry(input: $input) { revision } }`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: "string" } },
  });
  const { folder, namespace } = repositoryOf(positionals[0], values.name);
  const baton = await connect("ingest");
  const { limits } = (await baton.query(LIMITS)).viewer;

  /** What is stored and not yet seen in the folder. @type {Map<string, any>} */
  const stored = new Map();
  for await (const entry of listEntries(baton, namespace, "key revision metadata")) {
    stored.set(entry.key, entry);
  }

  const count = { written: 0, unchanged: 0, deleted: 0, withoutText: 0 };

  /** New and changed files. */
  async function* changes() {
    for (const path of await listFiles(folder)) {
      if (!canBeKey(path, limits)) {
        console.error(`left out, its path can't be a key: ${JSON.stringify(path)}`);
        continue;
      }
      const file = await readEntry(folder, path, limits.maxValueBytes);
      if (file === null) continue;
      const before = stored.get(path);
      stored.delete(path);
      if ("skipped" in file.value) count.withoutText++;
      if (before?.metadata.sha256 === file.metadata.sha256) count.unchanged++;
      // What somebody else has written meanwhile is not overwritten: that is a CONFLICT. "0": only if there is none.
      else yield { ...file, ifRevision: before?.revision ?? "0" };
    }
  }

  for await (const entries of batches(changes(), limits)) {
    await baton.query(SET, { namespace, entries });
    count.written += entries.length;
  }
  for (const { key, revision } of stored.values()) {
    await baton.query(DELETE, { input: { namespace, key, ifRevision: revision } });
    count.deleted++;
  }
  const { written, unchanged, deleted, withoutText } = count;
  console.log(
    `${namespace}: ${written} written, ${unchanged} unchanged, ${deleted} deleted; ${withoutText} binary or too large`,
  );
}

/** @param {string} path @param {{ maxKeyBytes: number }} limits */
function canBeKey(path, { maxKeyBytes }) {
  return Buffer.byteLength(path) <= maxKeyBytes && !/\p{Cc}/u.test(path);
}

/** Room in a request for all but the entries: the mutation's text, the namespace. */
const envelopeBytes = 4096;

/**
 * As few requests as the limits allow, and no more of the files in memory than one of them holds.
 * @param {AsyncIterable<Write>} writes
 * @param {{ maxBatchOperations: number, maxBodyBytes: number }} limits
 */
async function* batches(writes, { maxBatchOperations, maxBodyBytes }) {
  /** @type {Write[]} */
  let batch = [];
  let bytes = envelopeBytes;
  for await (const write of writes) {
    const size = bytesOf(write) + 1; // and a comma
    if (batch.length === maxBatchOperations || (batch.length > 0 && bytes + size > maxBodyBytes)) {
      yield batch;
      batch = [];
      bytes = envelopeBytes;
    }
    batch.push(write);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

main().catch(fail);
