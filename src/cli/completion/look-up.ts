import type { Command } from "commander";
import { listKeys } from "../connection/list-keys.ts";
import { openStore } from "../connection/open-store.ts";
import { namespaceOf } from "../flags/namespace.ts";
import type { Wanted } from "./complete.ts";

/** A person waits for the answer while typing. */
const timeoutMs = 1_500;
/** A longer list does not help. Part of it would mislead: a shell inserts the beginning that all candidates share. */
const maxNames = 500;

/**
 * Reads the keys or namespaces that complete the word, from the server that the command line selects.
 * @returns nothing where there are more than 500
 * @throws Error when the server cannot be reached or does not answer within 1.5 s
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
