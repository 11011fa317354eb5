import { Argument, Command } from "commander";
import { completionScripts } from "../completion/completion-scripts.ts";
import { print } from "../terminal/output.ts";

export function completionCommand(): Command {
  return new Command("completion")
    .description("Print a shell completion script for commands, options, keys and namespaces.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(completionScripts)))
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
