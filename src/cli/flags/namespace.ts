import { Option, type Command } from "commander";
import { usageError } from "../terminal/usage-error.ts";
import { completes } from "./completes.ts";

const defaultNamespace = "default";

/** Adds `--namespace`. */
export function addNamespace(command: Command): Command {
  return command.addOption(
    completes(
      "namespaces",
      new Option("-n, --namespace <name>", "the group of keys")
        .env("BATON_NAMESPACE")
        .default(defaultNamespace),
    ),
  );
}

/** The namespace of a command. An empty one, as an unset variable of a script gives, is the default namespace. */
export function namespaceOf(command: Command): string {
  return command.opts<{ namespace: string }>().namespace || defaultNamespace;
}

/**
 * Refuses `--namespace` beside the flags that select several namespaces. A namespace from the environment is only a
 * default, and they replace it.
 * @param others those flags, as the message names them
 */
export function refuseNamespace(command: Command, others: string): void {
  if (command.getOptionValueSource("namespace") === "cli") {
    throw usageError(`-n excludes ${others}.`);
  }
}
