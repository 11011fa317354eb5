import type { Argument, Option } from "commander";

/** The candidates for an argument or for the value of an option. Choices need no entry here. */
export type Completion = "keys" | "namespaces" | "files";

const completions = new WeakMap<Argument | Option, Completion>();

/** Declares the candidates for an argument or for the value of an option. */
export function completes<T extends Argument | Option>(completion: Completion, target: T): T {
  completions.set(target, completion);
  return target;
}

export function completionOf(target: Argument | Option): Completion | undefined {
  return completions.get(target);
}
