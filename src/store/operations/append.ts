import { badUserInput } from "../../errors.ts";
import { checkJson, serialiseValue } from "../model/limits.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, requireGiven, type EntryWriteInput, type Optional } from "./read-input.ts";
import { writeNewValue } from "./write-entry.ts";

export interface AppendInput extends EntryWriteInput {
  readonly value?: unknown;
  readonly maxLength?: Optional<number>;
}

/** Appends an item to an array. */
export interface AppendOperation extends EntryWrite {
  readonly kind: "append";
  readonly item: unknown;
  /** How many items to keep, the newest; null: all. */
  readonly maxLength: number | null;
}

export const appendOperation: OperationType<AppendInput, AppendOperation> = {
  read(asked, argument, input) {
    const write = readEntryWrite(asked, argument, input);
    requireGiven(argument, "value", input.value);
    checkJson(asked.limits, `${argument}.value`, input.value);
    const maxLength = input.maxLength ?? null;
    if (maxLength !== null && maxLength < 1) {
      throw badUserInput(`${argument}.maxLength`, `Must be at least 1; this is ${maxLength}.`);
    }
    return { kind: "append", ...write, item: input.value, maxLength };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: true }],
  sizeBytes: ({ key, item }) => baseSizeBytes + key.length + JSON.stringify(item).length,
  decide: (draft, operation, rules) =>
    writeNewValue(draft, rules, operation, (before) => {
      const items = before === null ? [] : (JSON.parse(before) as unknown);
      if (!Array.isArray(items)) {
        throw badUserInput(
          operation.argument,
          "Only an array can be appended to; the entry holds something else. Nothing was changed.",
        );
      }
      const all = [...(items as unknown[]), operation.item];
      const kept = operation.maxLength === null ? all : all.slice(-operation.maxLength);
      return serialiseValue(rules.limits, operation.argument, kept);
    }),
};
