import { integer, optional, required, revision, text, withDefault } from "../fields.ts";
import { entryFacts, maxShownUnits, shownValue } from "../shown-value.ts";
import { namespaceField, tool, type Tool } from "../tool.ts";

const waitFor = tool({
  name: "baton_wait_for",
  title: "Wait for a value",
  description:
    "Wait until another agent sets a key, and get its value immediately. Use this instead of repeated calls of baton_get. If the entry exists, it returns without waiting; give after to wait for a newer value than the one you have.",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key."),
    after: optional(
      revision,
      "Wait for a later revision than this one: the revision of the value that you have.",
    ),
    timeoutSeconds: withDefault(integer, 30, "Maximum time to wait."),
  },
  async run({ feed, session, closed }, { namespace, key, after, timeoutSeconds }) {
    const wait = { namespace, key, after, timeoutSeconds };
    const entry = await feed.awaitEntry(session, wait, closed);
    if (!entry) {
      const next = `No value was set within ${timeoutSeconds} seconds. To continue waiting, call again${after === null ? "" : ` with after: "${after}"`}.`;
      return { found: false, namespace, key, next };
    }
    const next = (end: number) => `The value is longer. Call baton_get with offset: ${end}.`;
    return {
      found: true,
      namespace,
      key,
      ...shownValue(entry.value, maxShownUnits, next),
      ...entryFacts(entry),
    };
  },
});

/** Tools that wait, because a notification does not start a model. */
export const waitTools: readonly Tool[] = [waitFor];
