import { badUserInput } from "../../errors.ts";
import { incrementProblem, incrementText } from "../../json/increment-text.ts";
import { parseJsonPointer } from "../../json/json-pointer.ts";
import { checkPath } from "../model/limits.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, type EntryWriteInput, type Optional } from "./read-input.ts";
import { writeNewValue } from "./write-entry.ts";

export interface IncrementInput extends EntryWriteInput {
  readonly by: number;
  readonly path?: Optional<string>;
}

/** Adds to a number. */
export interface IncrementOperation extends EntryWrite {
  readonly kind: "increment";
  readonly by: number;
  /** The members that lead to the number inside the value; empty: the value itself. */
  readonly path: readonly string[];
}

export const incrementOperation: OperationType<IncrementInput, IncrementOperation> = {
  read(asked, argument, input) {
    const write = readEntryWrite(asked, argument, input);
    const reason = incrementProblem(input.by);
    if (reason !== null) throw badUserInput(`${argument}.by`, reason);
    const pointer = input.path ?? "";
    checkPath(asked.limits, `${argument}.path`, pointer);
    const path = parseJsonPointer(pointer);
    if (path === null) {
      throw badUserInput(
        `${argument}.path`,
        'Must be a JSON Pointer: "" for the whole value, otherwise each member after a slash, such as "/totals/done" ' +
          "(~1 for a slash in a name, ~0 for a tilde).",
      );
    }
    return { kind: "increment", ...write, by: input.by, path };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: true }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide: (draft, operation, rules) =>
    writeNewValue(draft, rules, operation, (before) => {
      const { argument, path, by } = operation;
      const after = incrementText(before, path, by);
      if (after.kind === "incremented") return after.text;
      const isWhole = after.argument === "path" && path.length === 0;
      throw badUserInput(isWhole ? argument : `${argument}.${after.argument}`, after.reason);
    }),
};
