import { Argument } from "commander";
import { completes, type Completion } from "./completes.ts";

/** `[prefix]`, which selects everything by default. */
export function prefixArgument(completion: Completion, description: string): Argument {
  return completes(completion, new Argument("[prefix]", description).default("", "all"));
}
