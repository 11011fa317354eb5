import type { Argument, Option } from "commander";

/** What a shell completes an argument or the value of an option with. Choices need no entry here. */
export type Completion = "keys" | "namespaces" | "files";

const completions = new WeakMap<Argument | Option, Completion>();

/** Declares what an argument or the value of an option is completed with. */
export function completes<T extends Argument | Option>(completion: Completion, target: T): T {
  completions.set(target, completion);
  return target;
}

export function completionOf(target: Argument | Option): Completion | undefined {
  return completions.get(target);
}
