import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { commandOf } from "../../src/store/commit/command.ts";
import type { SetOperation } from "../../src/store/operations/set.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { importStore } from "../../src/transfer/import-store.ts";
import type { Line } from "../../src/transfer/line.ts";
import { readExport } from "../../src/transfer/read-export.ts";
import { wholeFile } from "../../src/transfer/whole-file.ts";
import { exportText, storedEntry } from "./export-text.ts";
import { deepText, jsonText, metadataText, name } from "./json.ts";

/**
 * Sets about 200 different entries, and in the namespace `work` one completed, one claimed and one free task.
 */
export async function fillStore(database: Database, userId: string): Promise<void> {
  const committer = new Committer({ database, limits: defaultConfig(), onCommit: () => {} });
  const caller = { userId, agent: "Größe 😀", mayRead: true };
  const place = { argument: "input", namespace: "work" };
  const set = (namespace: string, key: string, more: Partial<SetOperation> = {}) => {
    const operation: SetOperation = {
      kind: "set",
      argument: "input",
      namespace,
      key,
      value: "1",
      metadata: null,
      ttlSeconds: null,
      ifRevision: null,
      ...more,
    };
    return committer.submit(commandOf(caller, [operation]));
  };
  const claim = (token: string) =>
    committer.submit(
      commandOf(caller, [
        {
          kind: "claim",
          ...place,
          keys: everything,
          leaseSeconds: 1_000,
          maxAttempts: null,
          token,
        },
      ]),
    );
  for (const key of ["done", "held", "todo"]) await set("work", key);
  await claim("first");
  await committer.submit(
    commandOf(caller, [
      {
        kind: "complete",
        ...place,
        key: "done",
        token: "first",
        value: null,
        metadata: null,
        ttlSeconds: null,
      },
    ]),
  );
  await claim("second");
  const values = fc.sample(
    fc.tuple(name, name, fc.oneof(jsonText, fc.constant(deepText)), fc.option(metadataText)),
    200,
  );
  await Promise.all(
    values.map(([namespace, key, value, metadata], index) =>
      set(namespace, key, { value, metadata, ttlSeconds: index % 3 === 0 ? 10_000 : null }),
    ),
  );
  await committer.close();
}

/** Writes an export of `count` entries, and of changes of some of them. One entry in a hundred has expired. */
export async function writeExport(file: string, count: number): Promise<{ revision: bigint }> {
  const begin = BigInt(count);
  const padded = (index: number) => String(index).padStart(7, "0");
  const expiresAt = (index: number) => (index % 100 === 7 ? new Date(0) : null);
  const lines: Line[] = Array.from({ length: count }, (_, index) => ({
    kind: "EXISTING",
    entry: storedEntry({
      namespace: index < count / 2 ? "a" : "b",
      key: padded(index),
      revision: BigInt(index + 1),
      value: JSON.stringify("x".repeat(index % 50)),
      expiresAt: expiresAt(index),
    }),
  }));
  let revision = begin;
  lines.push({ kind: "NAMESPACE_CLEARED", revision: ++revision, namespace: "b" });
  for (let index = 0; index < count / 5; index++) {
    const key = padded(index * 2);
    revision++;
    lines.push(
      index % 2 === 0
        ? { kind: "DELETED", revision, namespace: "a", key }
        : {
            kind: "SET",
            entry: storedEntry({
              namespace: "b",
              key,
              revision,
              createdRevision: revision,
              expiresAt: expiresAt(index),
            }),
          },
    );
  }
  await writeFile(file, exportText({ begin, end: revision }, lines).join(""));
  return { revision };
}

/**
 * Imports a file in the same way as `baton import`.
 * @param checkStop called between batches of `maxItems` lines
 */
export async function importFile(
  database: Database,
  userId: string,
  file: string,
  { maxItems = 1_000, checkStop = (_lines: number): void | Promise<void> => {} } = {},
): Promise<number> {
  const whole = wholeFile(file, await readExport(file, () => {}));
  const progress = { onBatch: () => {}, checkStop };
  return importStore(database, userId, whole, progress, { maxItems, maxBytes: 1024 * 1024 });
}
