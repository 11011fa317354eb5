import { createMcpHandler, Server } from "@modelcontextprotocol/server";

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
 * Does what the first call of a process would do: Node loads its `Request`, and the protocol's library creates the schemas
 * of its messages. Together they take about 100 ms.
 */
export async function prepareFirstCall(): Promise<void> {
  const handler = createMcpHandler(
    () => new Server({ name: "baton", version: "" }, { capabilities: {} }),
  );
  const url = "http://baton.invalid/mcp";
  for (const { version, method, params } of requests) {
    const headers = {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": version,
      "Mcp-Method": method,
    };
    const parsedBody = { jsonrpc: "2.0", id: 1, method, params };
    const answer = await handler.fetch(new Request(url, { method: "POST", headers }), {
      parsedBody,
    });
    await answer.text();
    if (!answer.ok) throw new Error(`The library refused ${method}: ${answer.status}.`);
  }
  await handler.close();
}
