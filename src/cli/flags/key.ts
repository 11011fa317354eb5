import { Argument } from "commander";
import { completes } from "./completes.ts";

/** `<key>` */
export function keyArgument(): Argument {
  return completes("keys", new Argument("<key>", "the key"));
}

/** Names an entry in a message. */
export function describeKey(key: string, namespace: string): string {
  return `${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)}`;
}

/** A hint for the message that an entry does not exist, if the key was meant as a pattern. */
export function wildcardHint(key: string): string {
  const prefix = key.replace(/\*+$/, "");
  if (prefix === key) return "";
  return ` A key cannot contain a wildcard: baton keys ${prefix} lists the keys with that prefix.`;
}
