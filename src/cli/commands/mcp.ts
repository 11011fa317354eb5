import { Command } from "commander";
import { connectionWithToken } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { print } from "../terminal/output.ts";

export function mcpCommand(): Command {
  const command = new Command("mcp").description(
    "Connect a program that speaks MCP on standard input and output with a running server.",
  );
  return addConnection(command, "the program's name")
    .addHelpText(
      "after",
      `
For programs that start their MCP servers themselves. Those that take an address
need no command: it is the server's, with /mcp at the end. The server need not
run yet when this begins. Ends when its standard input does.

Examples:
  $ claude mcp add baton -- baton mcp
  $ BATON_URL=https://baton.example BATON_TOKEN=… baton mcp`,
    )
    .action(async () => {
      const { url, token, agent, isAgentGiven, retryForMs } = await connectionWithToken(command);
      const [{ McpBridge }, { linesOf }] = await Promise.all([
        import("../bridge/mcp-bridge.ts"),
        import("../bridge/lines.ts"),
      ]);
      const bridge = new McpBridge({
        url,
        token,
        agent: isAgentGiven ? agent : undefined,
        retryForMs,
        write: (message) => print(`${message}\n`),
      });
      const answers = new Set<Promise<void>>();
      for await (const line of linesOf(process.stdin)) {
        if (line.trim() === "") continue;
        const answer = bridge.take(line).finally(() => answers.delete(answer));
        answers.add(answer);
      }
      bridge.end();
      await Promise.all(answers);
    });
}
