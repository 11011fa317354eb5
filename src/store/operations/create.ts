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

/** Adds an entry under a key of its own: a prefix, and the revision of the change. */
export interface CreateOperation extends Omit<EntryWrite, "key" | "ifRevision"> {
  readonly kind: "create";
  readonly keyPrefix: string;
  readonly value: string;
}

const revisionDigits = String(maxRevision).length;
/** What is left for a key that somebody else chose to be the same: see `freeKey`. */
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
        `With the revision, the key would have more than ${maxKeyBytes} bytes of UTF-8. The prefix may have ${maxBytes}.`,
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
  // Which key it is, only the decision says: `load` reads those that may be in its way.
  touches: () => [],
  sizeBytes: ({ keyPrefix, value }) => baseSizeBytes + keyPrefix.length + value.length,
  decide(draft, operation, rules) {
    const { argument, namespace, metadata, value, ttlSeconds } = operation;
    const key = freeKey(draft, operation);
    const expiresAt = expiryAfter(draft.now, ttlSeconds, null);
    return writeEntry(draft, rules, null, { argument, namespace, key, metadata, value, expiresAt });
  },
};

/** The key of an entry that a revision creates. Such keys sort as their revisions do. */
export function createdKey(keyPrefix: string, revision: bigint): string {
  return keyPrefix + String(revision).padStart(revisionDigits, "0");
}

/**
 * The key of the next change, with a suffix where somebody has set that key: copied from another store, such a key may be
 * ahead of the revisions of this one. A key with a suffix sorts behind the same without, and before the next.
 */
function freeKey(draft: Draft, { namespace, keyPrefix }: CreateOperation): string {
  const plain = createdKey(keyPrefix, draft.head + 1n);
  let key = plain;
  for (let at = 2; draft.entry({ namespace, key }); at++) key = `${plain}-${at}`;
  return key;
}
