import type { Command } from "commander";
import { listKeys } from "../connection/list-keys.ts";
import { openStore } from "../connection/open-store.ts";
import { namespaceOf } from "../flags/namespace.ts";
import type { Wanted } from "./complete.ts";

/** Short, because a person waits for the result while typing. */
const timeoutMs = 1_500;
/** Longer lists are not useful. A partial list would be wrong: a shell inserts the prefix that all candidates share. */
const maxNames = 500;

/**
 * Reads the keys or namespaces that complete the word, from the server that the command line selects.
 * @returns an empty list if there are more than 500 names
 * @throws Error if the server cannot be reached or does not respond within 1.5 s
 */
export async function lookUp({
  command,
  given,
  lookUp: what,
  prefix,
}: Wanted): Promise<readonly string[]> {
  if (what === undefined) return [];
  for (const [name, value] of given) command.setOptionValueWithSource(name, value, "cli");
  readEnvironment(command);
  await using store = await openStore(command, 0);
  const signal = AbortSignal.timeout(timeoutMs);
  if (what === "namespaces") {
    const namespaces = await store.namespaces({ namespacePrefix: prefix, signal });
    return namespaces.length > maxNames ? [] : namespaces.map(({ name }) => name);
  }
  const keys: string[] = [];
  for await (const { key } of listKeys(store, namespaceOf(command), prefix, { signal })) {
    if (keys.push(key) > maxNames) return [];
  }
  return keys;
}

/** Sets options from the environment, as commander does for a command that it runs. */
function readEnvironment(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    const text = envVar === undefined ? undefined : process.env[envVar];
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (text === undefined || (source !== undefined && source !== "default")) continue;
    command.setOptionValueWithSource(name, text, "env");
  }
}
