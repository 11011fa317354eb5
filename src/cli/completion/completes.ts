import type { Argument, Option } from "commander";

/** What a shell may complete an argument or an option's value with. Choices are known without this. */
export type Completion = "keys" | "namespaces" | "files";

const known = new WeakMap<Argument | Option, Completion>();

/** Says what an argument or an option's value is completed with. */
export function completes<T extends Argument | Option>(completion: Completion, target: T): T {
  known.set(target, completion);
  return target;
}

export function completionOf(target: Argument | Option): Completion | undefined {
  return known.get(target);
}
