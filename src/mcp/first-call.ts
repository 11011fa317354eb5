import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { nextTurn, nobody } from "../event-loop.ts";

const stateless = "2026-07-28";

/** A small request of each generation of the protocol. */
const requests = [
  { version: "2025-06-18", method: "ping", params: {} },
  {
    version: stateless,
    method: "server/discover",
    params: {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": stateless,
        "io.modelcontextprotocol/clientInfo": { name: "baton", version: "" },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  },
];

/**
 * Does, in separate turns, what the first call of a process would do in one: Node loads its `Request`, and the protocol's
 * library creates the schemas of its messages. Each takes up to 30 ms.
 */
export async function prepareFirstCall(): Promise<void> {
  const handler = createMcpHandler(
    () => new Server({ name: "baton", version: "" }, { capabilities: {} }),
  );
  const url = "http://baton.invalid/mcp";
  const response = new Response(new Request(url).body);
  await response.text();
  for (const { version, method, params } of requests) {
    await nextTurn(nobody);
    const headers = {
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": version,
      "Mcp-Method": method,
    };
    const parsedBody = { jsonrpc: "2.0", id: 1, method, params };
    const answer = await handler.fetch(new Request(url, { method: "POST", headers }), {
      parsedBody,
    });
    await answer.text();
  }
  await handler.close();
  await nextTurn(nobody);
}
