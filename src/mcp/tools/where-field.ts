import { valueOperators, type WhereInput } from "../../store/model/where.ts";
import { choice, json, list, optional, required, text, withDefault } from "../fields.ts";

const conditions = list({
  path: withDefault(text, "", "A JSON Pointer into the value, such as /state."),
  op: required(choice(valueOperators), "The comparison."),
  value: optional(json, "The value that it is compared with. For EXISTS: true (default) or false."),
});

/** The argument that selects entries by their values. */
export const whereField = optional(
  conditions,
  "Only values that meet all of these conditions. Default: any value.",
);

/** Converts the argument to the store's input. */
export function whereOf(where: ReturnType<typeof whereField.read>): WhereInput[] | null {
  return where?.map(({ value, ...rest }) => ({ ...rest, value: value ?? undefined })) ?? null;
}
