import { limitExceeded } from "../../errors.ts";
import type { JsonText } from "../../json/json-text.ts";
import type { Draft } from "../commit/draft.ts";
import { checkKeyPrefix } from "../model/limits.ts";
import { maxRevision } from "../model/log.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, readValue, type EntryWriteInput, type Optional } from "./read-input.ts";
import { expiryAfter, writeEntry } from "./write-entry.ts";

export interface CreateInput extends Omit<EntryWriteInput, "key" | "ifRevision"> {
  readonly keyPrefix: string;
  readonly value?: Optional<JsonText>;
}

/** Adds an entry under a new key: a prefix, followed by the revision of the change. */
export interface CreateOperation extends Omit<EntryWrite, "key" | "ifRevision"> {
  readonly kind: "create";
  readonly keyPrefix: string;
  readonly value: string;
}

const revisionDigits = String(maxRevision).length;
/** Reserved for a suffix, if the key already exists: see `freeKey`. */
const maxSuffixBytes = 5;

export const createOperation: OperationType<CreateInput, CreateOperation> = {
  read(asked, argument, input) {
    const { keyPrefix } = input;
    checkKeyPrefix(asked.limits, `${argument}.keyPrefix`, keyPrefix);
    const { maxKeyBytes } = asked.limits;
    const maxBytes = maxKeyBytes - revisionDigits - maxSuffixBytes;
    if (Buffer.byteLength(keyPrefix) > maxBytes) {
      throw limitExceeded(
        "maxKeyBytes",
        maxKeyBytes,
        `With the revision, the key would exceed ${maxKeyBytes} bytes of UTF-8. The prefix can have at most ${maxBytes} bytes.`,
        `${argument}.keyPrefix`,
      );
    }
    const anyKey = createdKey(keyPrefix, maxRevision);
    const { namespace, metadata, ttlSeconds } = readEntryWrite(asked, argument, {
      ...input,
      key: anyKey,
    });
    const value = readValue(asked, argument, "value", input.value);
    return { kind: "create", argument, namespace, keyPrefix, metadata, ttlSeconds, value };
  },
  // The key is known only when the operation is decided: `load` reads the entries that could have it.
  touches: () => [],
  sizeBytes: ({ keyPrefix, value }) => baseSizeBytes + keyPrefix.length + value.length,
  decide(draft, operation, rules) {
    const { argument, namespace, metadata, value, ttlSeconds } = operation;
    const key = freeKey(draft, operation);
    const expiresAt = expiryAfter(draft.now, ttlSeconds, null);
    return writeEntry(draft, rules, null, { argument, namespace, key, metadata, value, expiresAt });
  },
};

/** Returns the key of an entry that a revision creates. Such keys sort in the order of their revisions. */
export function createdKey(keyPrefix: string, revision: bigint): string {
  return keyPrefix + String(revision).padStart(revisionDigits, "0");
}

/**
 * Returns the key of the next change, with a suffix if the key exists. For example, a key that was copied from another
 * store can be ahead of this store's revisions. A key with a suffix sorts after the plain key, and before the next one.
 */
function freeKey(draft: Draft, { namespace, keyPrefix }: CreateOperation): string {
  const plain = createdKey(keyPrefix, draft.head + 1n);
  let key = plain;
  for (let at = 2; draft.entry({ namespace, key }); at++) key = `${plain}-${at}`;
  return key;
}
