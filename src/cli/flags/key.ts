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
