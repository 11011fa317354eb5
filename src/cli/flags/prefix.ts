import { Argument, InvalidArgumentError, Option } from "commander";
import { completes, type Completion } from "./completes.ts";

/** `[prefix]`, which selects everything by default. */
export function prefixArgument(completion: Completion, description: string): Argument {
  return completes(
    completion,
    new Argument("[prefix]", description).default("", "all").argParser(parsePrefix),
  );
}

/** `-p`, which selects keys in every command that has it. */
export function keyPrefixOption(): Option {
  return completes(
    "keys",
    new Option("-p, --prefix <prefix>", "only keys that begin with this prefix").argParser(
      parsePrefix,
    ),
  );
}

/** `--namespace-prefix`, which selects namespaces in every command that has it. */
export function namespacePrefixOption(description: string): Option {
  return completes(
    "namespaces",
    new Option("--namespace-prefix <prefix>", description).argParser(parsePrefix),
  );
}

/** @throws InvalidArgumentError for a prefix that ends in `*`: it would only match names that contain one */
export function parsePrefix(text: string): string {
  if (!text.endsWith("*")) return text;
  const prefix = text.replace(/\*+$/, "");
  const instead = prefix === "" ? "For all names, leave it out." : `Use ${JSON.stringify(prefix)}.`;
  throw new InvalidArgumentError(
    `A prefix must not end with *: it already matches every name that begins with it. ${instead}`,
  );
}
