import { badUserInput } from "../../errors.ts";
import type { OperationInput } from "../../store/operations/operations.ts";
import {
  boolean,
  choice,
  integer,
  json,
  list,
  number,
  object,
  optional,
  required,
  revision,
  text,
  withDefault,
  type Values,
} from "../fields.ts";
import { namespaceField, tool, type Tool } from "../tool.ts";

const conditionFields = {
  namespace: namespaceField,
  key: required(text, "The key."),
  revision: optional(revision, 'The revision that the entry must have. "0": it must not exist.'),
  exists: optional(boolean, "Whether the entry must exist. Give either this or revision."),
};

const writeFields = {
  action: required(
    choice(["set", "delete", "increment", "patch", "append", "clear"]),
    "The kind of write. clear removes every key of the namespace.",
  ),
  namespace: namespaceField,
  key: optional(text, "The key. Not for clear."),
  value: optional(json, "For set: the value. For append: the item."),
  patch: optional(object, "For patch: a JSON Merge Patch."),
  by: withDefault(number, 1, "For increment: the number to add."),
  path: optional(text, "For increment: JSON Pointer of the number."),
  metadata: optional(object, "Merged into the entry's metadata."),
  ttlSeconds: optional(integer, "Seconds after which the entry expires."),
  ifRevision: optional(
    revision,
    'Write only if the entry is at this revision. "0": only if it does not exist.',
  ),
};

const writeMany = tool({
  name: "baton_write_many",
  title: "Write several keys in one step",
  description:
    "Apply several writes in one atomic step, in any namespaces. If a condition does not hold or a write is refused, nothing is written. Other agents never see a part of the writes.",
  writes: "replaces",
  fields: {
    writes: required(list(writeFields), "The writes, in order."),
    conditions: optional(
      list(conditionFields),
      "Conditions that must all hold. Otherwise nothing is written.",
    ),
  },
  // `input.operations.3.set.key` of the store is `writes.3.key` of this tool.
  argumentOf: (path) =>
    path.replace(/^operations(\.\d+)\.\w+/, "writes$1").replace(/^operations/, "writes"),
  async run({ writer, session }, { writes, conditions }) {
    if (writes.length === 0) throw badUserInput("writes", "Must have at least one write.");
    const { results, revision: head } = await writer.transact(session.viewer, {
      operations: writes.map(operationOf),
      conditions: conditions ?? [],
    });
    return {
      revision: String(head),
      results: results.map((result) => {
        switch (result.kind) {
          case "written":
            return { key: result.entry.key, revision: String(result.entry.revision) };
          case "deleted":
            return { deleted: result.deleted };
          case "cleared":
            return { clearedCount: result.clearedCount };
          default:
            return {};
        }
      }),
    };
  },
});

function operationOf(write: Values<typeof writeFields>, index: number): OperationInput {
  const { action, namespace, key, value, patch, by, path, metadata, ttlSeconds, ifRevision } =
    write;
  const argument = (name: string) => `writes.${index}.${name}`;
  if (action === "clear") return { clear: { namespace } };
  if (key === null) throw badUserInput(argument("key"), `Is required when action is ${action}.`);
  const to = { namespace, key, ifRevision };
  if (action === "delete") return { delete: to };
  const entry = { ...to, metadata, ttlSeconds };
  if (action === "increment") return { increment: { ...entry, by, path } };
  const name = action === "patch" ? "patch" : "value";
  const sent = action === "patch" ? patch : value;
  if (sent === null) throw badUserInput(argument(name), `Is required when action is ${action}.`);
  if (action === "patch") return { patch: { ...entry, patch: sent } };
  return action === "set"
    ? { set: { ...entry, value: sent } }
    : { append: { ...entry, value: sent } };
}

/** Tools for several writes. */
export const batchTools: readonly Tool[] = [writeMany];
