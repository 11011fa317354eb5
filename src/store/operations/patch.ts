import type { JsonText } from "../../json/json-text.ts";
import { mergeLongPatch } from "../../json/merge-patch-text.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, readValue, type EntryWriteInput, type Optional } from "./read-input.ts";
import { writeNewValue } from "./write-entry.ts";

export interface PatchInput extends EntryWriteInput {
  readonly patch?: Optional<JsonText>;
}

/** Applies a JSON Merge Patch (RFC 7396), which is serialised JSON, to the value. */
export interface PatchOperation extends EntryWrite {
  readonly kind: "patch";
  readonly patch: string;
}

export const patchOperation: OperationType<PatchInput, PatchOperation> = {
  read(asked, argument, input) {
    const write = readEntryWrite(asked, argument, input);
    const patch = readValue(asked, argument, "patch", input.patch);
    return { kind: "patch", ...write, patch };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: true }],
  sizeBytes: ({ key, patch }) => baseSizeBytes + key.length + patch.length,
  decide: (draft, operation, rules) =>
    writeNewValue(draft, rules, operation, (before) => mergeLongPatch(before, operation.patch)),
};
