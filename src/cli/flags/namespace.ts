import { Option, type Command } from "commander";
import { usageError } from "../terminal/usage-error.ts";
import { completes } from "./completes.ts";

const defaultNamespace = "default";

/** Adds `--namespace`. */
export function addNamespace(command: Command): Command {
  return command.addOption(namespaceOption().default(defaultNamespace));
}

/** `--namespace` without a default. */
export function namespaceOption(): Option {
  return completes(
    "namespaces",
    new Option("-n, --namespace <name>", "the group of keys").env("BATON_NAMESPACE"),
  );
}

/**
 * Returns the namespace of a command. An empty name, such as that of an unset variable, selects the default namespace.
 * @throws StartError (usage) for `pipeline:*` if the command can select namespaces by a prefix
 */
export function namespaceOf(command: Command): string {
  const name = command.opts<{ namespace?: string }>().namespace || defaultNamespace;
  const takesPrefix = command.options.some(({ long }) => long === "--namespace-prefix");
  if (takesPrefix && name.endsWith("*")) {
    const prefix = name.replace(/\*+$/, "");
    const instead = prefix === "" ? "--all-namespaces" : `--namespace-prefix ${prefix}`;
    throw usageError(`-n selects one namespace and does not accept a wildcard. Use ${instead}.`);
  }
  return name;
}

/**
 * Refuses `--namespace` together with the flags that select several namespaces. A namespace from the environment is
 * only a default, which they replace.
 * @param others those flags, as the message names them
 */
export function refuseNamespace(command: Command, others: string): void {
  if (command.getOptionValueSource("namespace") === "cli") {
    throw usageError(`-n cannot be combined with ${others}.`);
  }
}
