import { badUserInput } from "../../errors.ts";
import { appendText } from "../../json/append-text.ts";
import type { JsonText } from "../../json/json-text.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, readValue, type EntryWriteInput, type Optional } from "./read-input.ts";
import { writeNewValue } from "./write-entry.ts";

export interface AppendInput extends EntryWriteInput {
  readonly value?: Optional<JsonText>;
  readonly maxLength?: Optional<number>;
}

/** Appends an item, which is serialised JSON, to an array. */
export interface AppendOperation extends EntryWrite {
  readonly kind: "append";
  readonly item: string;
  /** The largest number of items, the newest of which are kept; null: no limit. */
  readonly maxLength: number | null;
}

export const appendOperation: OperationType<AppendInput, AppendOperation> = {
  read(asked, argument, input) {
    const write = readEntryWrite(asked, argument, input);
    const item = readValue(asked, argument, "value", input.value);
    const maxLength = input.maxLength ?? null;
    if (maxLength !== null && maxLength < 1) {
      throw badUserInput(`${argument}.maxLength`, `Must be at least 1; this is ${maxLength}.`);
    }
    return { kind: "append", ...write, item, maxLength };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: true }],
  sizeBytes: ({ key, item }) => baseSizeBytes + key.length + item.length,
  decide: (draft, operation, rules) =>
    writeNewValue(draft, rules, operation, (before) => {
      const after = appendText(before, operation.item, operation.maxLength);
      if (after !== null) return after;
      throw badUserInput(
        operation.argument,
        "Only an array can be appended to, but the current value is not an array. Nothing was changed.",
      );
    }),
};
