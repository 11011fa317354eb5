import { mergePatch } from "../../json/merge-patch.ts";
import { checkJson, serialiseValue } from "../model/limits.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, requireGiven, type EntryWriteInput } from "./read-input.ts";
import { writeNewValue } from "./write-entry.ts";

export interface PatchInput extends EntryWriteInput {
  readonly patch?: unknown;
}

/** Applies a JSON Merge Patch (RFC 7396) to the value. */
export interface PatchOperation extends EntryWrite {
  readonly kind: "patch";
  readonly patch: unknown;
}

export const patchOperation: OperationType<PatchInput, PatchOperation> = {
  read(asked, argument, input) {
    const write = readEntryWrite(asked, argument, input);
    requireGiven(argument, "patch", input.patch);
    checkJson(asked.limits, `${argument}.patch`, input.patch);
    return { kind: "patch", ...write, patch: input.patch };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: true }],
  sizeBytes: ({ key, patch }) => baseSizeBytes + key.length + JSON.stringify(patch).length,
  decide: (draft, operation, rules) =>
    writeNewValue(draft, rules, operation, (before) => {
      const value = before === null ? undefined : (JSON.parse(before) as unknown);
      return serialiseValue(rules.limits, operation.argument, mergePatch(value, operation.patch));
    }),
};
