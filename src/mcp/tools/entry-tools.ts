import { badUserInput } from "../../errors.ts";
import { parseJsonPointer } from "../../json/json-pointer.ts";
import type { JsonText } from "../../json/json-text.ts";
import { partOf } from "../../json/part-of.ts";
import { may } from "../../store/model/viewer.ts";
import {
  choice,
  integer,
  json,
  number,
  object,
  optional,
  required,
  revision,
  text,
  withDefault,
} from "../fields.ts";
import { entryFacts, glimpse, maxShownUnits, shownValue } from "../shown-value.ts";
import { atField, namespaceField, tool, type Tool } from "../tool.ts";

const ifRevision = optional(
  revision,
  'Write only if the entry is still at this revision, so that no write of another agent is lost. "0": only if it does not exist.',
);
const metadata = optional(object, "Information about the value, merged into the entry's metadata.");

const get = tool({
  name: "baton_get",
  title: "Get a value",
  description:
    "Read the value of one key in the shared store. If the entry does not exist, the result says so. A long value is cut, and the result says how to get the rest.",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key."),
    path: optional(text, 'JSON Pointer to one part of the value, such as "/items/0".'),
    offset: withDefault(
      integer,
      0,
      "Where to continue in a long value: the offset that an earlier result names.",
    ),
    at: atField,
  },
  async run({ store, session, closed }, { namespace, key, path, offset, at }) {
    if (offset < 0) throw badUserInput("offset", `Must be 0 or more; this is ${offset}.`);
    const entry = await store.entries.readAsOf(session.viewer, { namespace, key }, { at }, closed);
    if (!entry && at !== null) {
      const next = "See when it was set with baton_history.";
      return { found: false, namespace, key, at: String(at), next };
    }
    if (!entry) {
      const next =
        "List the keys with baton_list_keys, or wait until it is set with baton_wait_for.";
      return { found: false, namespace, key, next };
    }
    const next = (end: number) =>
      `The value is longer. Call baton_get again with offset: ${end}${at === null ? "" : `, at: "${at}"`}${path === null ? ', or with path for one part of it, such as "/items/0"' : " and the same path"}.`;
    return {
      found: true,
      namespace,
      key,
      path: path ?? undefined,
      ...shownValue(partAt(entry.value, path), maxShownUnits, next, offset),
      ...entryFacts(entry),
    };
  },
});

/** @throws BAD_USER_INPUT */
function partAt(value: string, path: string | null): string {
  const members = parseJsonPointer(path ?? "");
  if (members === null) {
    throw badUserInput("path", 'Must be a JSON Pointer, such as "/items/0".');
  }
  const part = partOf(value, members);
  if (part !== null) return part;
  throw badUserInput(
    "path",
    "The value has no part at this path. Call again without path to see the whole value.",
  );
}

const set = tool({
  name: "baton_set",
  title: "Set a value",
  description:
    "Store a JSON value under a key, for other agents to read. Replaces an existing value. To change a part of a value that other agents also write, use baton_update.",
  writes: "replaces",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key."),
    value: required(json, "Any JSON value: an object, array, string, number, boolean or null."),
    metadata,
    ttlSeconds: optional(integer, "Seconds after which the entry expires. Default: never."),
    ifRevision,
  },
  async run({ writer, session }, input) {
    const { entry } = await writer.setEntry(session.viewer, input);
    return { ...written(entry), isNew: entry.revision === entry.createdRevision };
  },
});

const remove = tool({
  name: "baton_delete",
  title: "Delete a value",
  description: "Remove a key and its value from the shared store.",
  writes: "replaces",
  fields: { namespace: namespaceField, key: required(text, "The key."), ifRevision },
  async run({ writer, session }, input) {
    const { deleted, revision: head } = await writer.deleteEntry(session.viewer, input);
    const { namespace, key } = input;
    return {
      namespace,
      key,
      deleted,
      revision: String(head),
      next: deleted ? undefined : "The entry does not exist, so nothing was changed.",
    };
  },
});

const update = tool({
  name: "baton_update",
  title: "Change a part of a value",
  description:
    "Change a value in one atomic step, so that concurrent changes of other agents are not lost: patch members of an object, increment a number, or append to an array. Creates the entry if it does not exist.",
  writes: "adds",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key."),
    action: required(choice(["patch", "increment", "append"]), "The kind of change."),
    patch: optional(
      object,
      "For patch: a JSON Merge Patch. Its members replace those of the value; a member that is null is removed.",
    ),
    by: withDefault(number, 1, "For increment: the number to add. Negative to subtract."),
    path: optional(
      text,
      'For increment: JSON Pointer of the number, such as "/done". Default: the whole value.',
    ),
    value: optional(json, "For append: the item to append."),
    maxLength: optional(
      integer,
      "For append: keep only this many items, the newest. Default: all.",
    ),
    metadata,
    ttlSeconds: optional(
      integer,
      "Seconds after which the entry expires. 0: never. Default: unchanged.",
    ),
    ifRevision,
  },
  async run({ writer, session: { viewer } }, { action, patch, by, path, value, maxLength, ...to }) {
    const change = () => {
      switch (action) {
        case "patch":
          return writer.patchEntry(viewer, { ...to, patch: given(patch, "patch", action) });
        case "increment":
          return writer.incrementEntry(viewer, { ...to, by, path });
        case "append":
          return writer.appendToEntry(viewer, {
            ...to,
            value: given(value, "value", action),
            maxLength,
          });
      }
    };
    const { entry } = await change();
    return { ...written(entry), ...(may(viewer, "read", entry.namespace) ? glimpse(entry) : {}) };
  },
});

/** @throws BAD_USER_INPUT if the action's argument was left out */
function given(value: JsonText | null, argument: string, action: string): JsonText {
  if (value !== null) return value;
  throw badUserInput(argument, `Is required when action is ${action}.`);
}

/** The place and revision of a written entry, which its writer can always see. */
function written(entry: { namespace: string; key: string; revision: bigint }) {
  return { namespace: entry.namespace, key: entry.key, revision: String(entry.revision) };
}

/** Tools for one entry. */
export const entryTools: readonly Tool[] = [get, set, remove, update];
