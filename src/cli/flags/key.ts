import { Argument } from "commander";
import { completes } from "./completes.ts";

/** `<key>` */
export function keyArgument(): Argument {
  return completes("keys", new Argument("<key>", "its key"));
}

/** Names an entry in a message. */
export function describeKey(key: string, namespace: string): string {
  return `${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)}`;
}

/** For the message that an entry does not exist: what to use where the key was meant as a pattern. */
export function wildcardHint(key: string): string {
  const prefix = key.replace(/\*+$/, "");
  if (prefix === key) return "";
  return ` A key takes no wildcard: baton keys ${prefix} lists what begins with that.`;
}
