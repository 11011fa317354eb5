import { Command } from "commander";
import type { Usage, Viewer } from "../../client/index.ts";
import { writeJson } from "../../json/write-json.ts";
import { formatGrant } from "../../store/model/grant.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection, connectionOf } from "../flags/connection.ts";
import { isOutputTerminal, print } from "../terminal/output.ts";

export function statusCommand(): Command {
  const command = new Command("status")
    .description("Show the server, your user and permissions, and the size of the store.")
    .option("--json", "print JSON on a terminal, too");
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one JSON object with the server's limits; on a terminal, a list. Exits
with 5 if the token is not valid, and with 6 if the server cannot be reached.

Examples:
  $ baton status
  $ baton status --retry-for 30s >/dev/null && echo ready
  $ baton status | jq -r .headRevision`,
    )
    .action(async () => {
      const { url } = connectionOf(command);
      await using store = await openStore(command);
      const [viewer, usage] = await Promise.all([store.viewer(), store.usage()]);
      const { json } = command.opts<{ readonly json?: true }>();
      await print(
        isOutputTerminal() && !json
          ? linesOf(url, viewer, usage)
          : `${writeJson({ url, ...viewer, usage })}\n`,
      );
    });
}

function linesOf(url: string, viewer: Viewer, usage: Usage): string {
  // As `--grant` of `baton token create` takes them.
  const grants = viewer.grants.map(({ scopes, namespacePattern }) =>
    formatGrant({
      scopes: scopes.map((scope) => scope.toLowerCase() as Lowercase<typeof scope>),
      namespacePattern,
    }),
  );
  const lines = {
    Server: url,
    User: viewer.user,
    Agent: viewer.agent ?? "-",
    Grants: grants.join("\n") || "-",
    Revision: viewer.headRevision,
    Entries: `${usage.entryCount} in ${usage.namespaceCount} namespaces, ${usage.sizeBytes} bytes`,
  };
  const width = Math.max(...Object.keys(lines).map(({ length }) => length));
  const indent = `\n${" ".repeat(width + 2)}`;
  return Object.entries(lines)
    .map(([name, text]) => `${name.padEnd(width)}  ${text.replaceAll("\n", indent)}\n`)
    .join("");
}
