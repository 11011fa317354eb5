import type { Command, Option } from "commander";

/**
 * Moves options that come before a command to a place after its name, where commander expects them: `baton --url … get
 * report` is `baton get --url … report`. An option means the same in every command, so its place does not matter.
 *
 * 1. The words before the command are options and their values. The options of all commands say which of them take one.
 * 2. The first other word names the command. A command that has subcommands, such as `token`, is read in the
 *    same way.
 * 3. If no command is named, the words are unchanged, so that the program can report the error.
 *
 * @param words without the program's name
 */
export function optionsLast(program: Command, words: readonly string[]): readonly string[] {
  const known = optionsBelow(program);
  const path: string[] = [];
  const moved: string[] = [];
  let command = program;
  let at = 0;
  let areKnown = true;
  while (at < words.length && command.commands.length > 0) {
    const word = words[at] as string;
    if (isOption(word)) {
      if (isOwn(command, word)) break;
      const takesNext = takesNextWord(known, word);
      areKnown &&= takesNext !== undefined;
      // An unknown option is followed by its value, unless a command follows.
      const next = words[at + 1];
      const isValue = takesNext ?? (next !== undefined && !isOption(next) && !named(command, next));
      const end = at + (isValue ? 2 : 1);
      moved.push(...words.slice(at, end));
      at = end;
    } else {
      const subcommand = named(command, word);
      if (!subcommand) break;
      path.push(word);
      command = subcommand;
      at++;
    }
  }
  const rest = words.slice(at);
  if (path.length > 0) return [...path, ...moved, ...rest];
  return rest.length > 0 || areKnown ? rest : words;
}

/** The options of every command below this one, by their flags. */
export function optionsBelow(command: Command): ReadonlyMap<string, Option> {
  const options = new Map<string, Option>();
  for (const subcommand of command.commands) {
    for (const option of subcommand.options) {
      if (option.short) options.set(option.short, option);
      if (option.long) options.set(option.long, option);
    }
    for (const [flag, option] of optionsBelow(subcommand)) options.set(flag, option);
  }
  return options;
}

function isOption(word: string): boolean {
  return /^-./.test(word);
}

/** The program's version and every command's help come before anything else. */
function isOwn(command: Command, word: string): boolean {
  const flags = command.options.flatMap(({ short, long }) => [short, long]);
  return ["-h", "--help", "--", ...flags].includes(word);
}

function named(command: Command, name: string): Command | undefined {
  return command.commands.find((subcommand) => subcommand.name() === name);
}

/** Whether the option's value is the next word. Undefined for an option that no command has. */
function takesNextWord(known: ReadonlyMap<string, Option>, word: string): boolean | undefined {
  if (word.startsWith("--")) {
    const [flag] = word.split("=", 1) as [string];
    const option = known.get(flag);
    return option && option.required && !word.includes("=");
  }
  // `-yn name`, or `-nname`: the first option that takes a value takes the rest of the word.
  for (let index = 1; index < word.length; index++) {
    const option = known.get(`-${word[index]}`);
    if (!option) return undefined;
    if (option.required) return index === word.length - 1;
  }
  return false;
}
