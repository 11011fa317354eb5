import { Argument, Command } from "commander";
import { complete, type Wanted } from "../completion/complete.ts";
import { completionScripts } from "../completion/completion-scripts.ts";
import { listKeys } from "./keys.ts";
import { namespaceOf, openStore } from "../flags/connection.ts";
import { print } from "../terminal/output.ts";

export function completionCommand(): Command {
  return new Command("completion")
    .description(
      "Print a script that lets a shell complete commands, options, keys and namespaces.",
    )
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(completionScripts)))
    .addHelpText(
      "after",
      `
The shell must find baton by that name. In the file that every shell reads:
  bash  source <(baton completion bash)
  zsh   source <(baton completion zsh)       after compinit
  fish  baton completion fish | source`,
    )
    .action((shell: keyof typeof completionScripts) => print(completionScripts[shell]));
}

/** A person waits for it with their finger on a key. */
const lookUpTimeoutMs = 1_500;
/** More are no help; and of part of them a shell would take what they have in common for what all have. */
const maxLookedUp = 500;

/**
 * What the scripts ask: `baton __complete -- <words>`. Answers a candidate a line, a tab, what it means; or `:files`,
 * which has no tab. Whatever goes wrong, there is nothing to complete.
 */
export function completeCommand(program: Command): Command {
  return new Command("__complete")
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      const wanted = complete(program, words);
      if (wanted.lookUp === "files") return print(":files\n");
      const lines = wanted.candidates.map(
        ({ word, about }) => `${word}\t${about.split("\n")[0]}\n`,
      );
      const names = await lookUp(wanted).catch(() => []);
      return print([...lines, ...names.map((name) => `${wanted.before}${name}\t\n`)].join(""));
    });
}

async function lookUp({ command, given, lookUp: what, prefix }: Wanted): Promise<string[]> {
  if (what === undefined) return [];
  // Read again as options, which know their variables and defaults.
  for (const [name, value] of given) command.setOptionValueWithSource(name, value, "cli");
  readEnvironment(command);
  await using store = await openStore(command, 0);
  const signal = AbortSignal.timeout(lookUpTimeoutMs);
  if (what === "namespaces") {
    const namespaces = await store.namespaces({ prefix, signal });
    return namespaces.length > maxLookedUp ? [] : namespaces.map(({ name }) => name);
  }
  const keys: string[] = [];
  for await (const { key } of listKeys(store, namespaceOf(command), prefix, signal)) {
    if (keys.push(key) > maxLookedUp) return [];
  }
  return keys;
}

/** What commander does for a command that it runs. */
function readEnvironment(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    const text = envVar === undefined ? undefined : process.env[envVar];
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (text === undefined || (source !== undefined && source !== "default")) continue;
    command.setOptionValueWithSource(name, text, "env");
  }
}
