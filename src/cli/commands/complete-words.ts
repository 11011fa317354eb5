import { Command } from "commander";
import { complete } from "../completion/complete.ts";
import { lookUp } from "../completion/look-up.ts";
import { print } from "../terminal/output.ts";

/**
 * `baton __complete -- <words>`, which the completion scripts call. Prints one candidate per line: the word, a tab, and
 * its description. Prints `:files`, without a tab, if the shell should complete file names. After an error, it prints
 * the candidates that need no server.
 */
export function completeWordsCommand(program: Command): Command {
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
