/**
 * Creates the reference of a command and its subcommands from commander's description.
 *
 * @param {string} title  Of the page
 * @param {import("commander").Command} program
 * @returns {string}  Markdown
 */
export function describeCommands(title, program) {
  const commands = [...walk(program, [])];
  const contents = commands.map(
    ({ command, path }) =>
      `- [\`${path}\`](#${path.replaceAll(" ", "-")}): ${escape(command.description())}`,
  );
  return [`# ${title}`, "## Contents", contents.join("\n"), ...commands.map(describe)].join("\n\n");
}

/** Each command that the help shows, followed by its subcommands. */
function* walk(command, above) {
  const names = [...above, command.name()];
  yield { command, path: names.join(" ") };
  for (const below of command.createHelp().visibleCommands(command)) {
    if (below.name() !== "help") yield* walk(below, names);
  }
}

function describe({ command, path }) {
  const help = command.createHelp();
  const isHelp = (option) => option.long === "--help";
  const options = help.visibleOptions(command).filter((option) => !isHelp(option));
  const { before, after } = helpTexts(command);
  return [
    `## ${path}`,
    codeBlock("sh", help.commandUsage(command)),
    escape(command.description()),
    ...helpSections(before),
    table(
      ["Argument", "What it is", "Default"],
      help
        .visibleArguments(command)
        .map((argument) => [
          code(help.argumentTerm(argument)),
          describeValue(argument),
          defaultOf(argument),
        ]),
    ),
    table(
      ["Option", "What it is", "Default", "Variable"],
      options.map((option) => [
        code(option.flags),
        `${describeValue(option)}${option.mandatory ? " (required)" : ""}`,
        defaultOf(option),
        option.envVar ? code(option.envVar) : "",
      ]),
    ),
    ...helpSections(after),
  ]
    .filter(Boolean)
    .join("\n\n");
}

function describeValue({ description, argChoices }) {
  const choices = argChoices && ` (${argChoices.map(code).join(", ")})`;
  return `${escape(description)}${choices ?? ""}`;
}

/** In the form of the help. */
function defaultOf({ defaultValue, defaultValueDescription, negate }) {
  if (defaultValueDescription !== undefined) return code(defaultValueDescription);
  if (defaultValue === undefined || defaultValue === false || negate) return "";
  return code(typeof defaultValue === "string" ? defaultValue : JSON.stringify(defaultValue));
}

/** The texts that addHelpText has added to commander's help. */
function helpTexts(command) {
  const output = { ...command.configureOutput() };
  let whole = "";
  command.configureOutput({ writeOut: (text) => (whole += text) });
  command.outputHelp();
  const [before, after] = whole.split(command.helpInformation());
  command.configureOutput(output);
  return { before, after };
}

/** `Examples:` and the lines below it, indented, become a heading with a block of code. */
function helpSections(text) {
  return text
    .trim()
    .split(/\n\n(?=\S)/)
    .filter((section) => section.trim() !== "")
    .map((section) => {
      const [, heading, body] = /^(\S.*):\n([^]+)$/.exec(section) ?? [];
      if (heading === undefined) return escape(section.trim());
      const lines = body.trimEnd().replace(/^\n+/, "").split("\n");
      const margin = Math.min(...lines.filter(Boolean).map((line) => line.search(/\S/)));
      const language = heading.startsWith("Example") ? "sh" : "text";
      return `**${heading}**\n\n${codeBlock(language, lines.map((line) => line.slice(margin)).join("\n"))}`;
    });
}

/** Nothing if there are no rows. Columns without a value are omitted. */
function table(header, rows) {
  if (rows.length === 0) return "";
  const used = header.map((_name, column) => rows.some((row) => row[column] !== ""));
  const line = (cells) => `| ${cells.filter((_cell, column) => used[column]).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text) {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function codeBlock(language, text) {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Plain text as Markdown. */
function escape(text) {
  return text.replace(/[\\`*_<>|[\]]/g, "\\$&");
}
