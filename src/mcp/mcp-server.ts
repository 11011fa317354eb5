import { randomUUID } from "node:crypto";
import { ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import type { BatonError, ErrorCode } from "../errors.ts";
import { writeJson } from "../json/write-json.ts";
import type { CallNote } from "./call-note.ts";
import type { McpMessage } from "./mcp-message.ts";
import type { McpCall, ToolResult } from "./tool.ts";
import { listResources, readResource, resourceTemplates } from "./resources.ts";
import { shownError, toolError } from "./tool-error.ts";
import { findTool, tools } from "./tools.ts";

/** The instructions for a model. */
const instructions = [
  "Baton is a data store that agents share: namespaces hold keys, keys hold JSON values.",
  "To hand over work, set a key that another agent waits for, or set entries that agents claim as tasks.",
  "If other agents can write the same key, write with ifRevision or with baton_update.",
].join(" ");

/** The result of one request. Values in it are written as the text that the store contains. */
export class ExactResult {
  #text = "";
  /** A placeholder for the text, because the protocol's library would change numbers. */
  readonly #mark = { exact: randomUUID() };

  /** Returns the result with placeholders, for the library. */
  hold(result: ToolResult): { readonly text: string; readonly structuredContent: object } {
    this.#text = writeJson(result);
    return { text: this.#text, structuredContent: this.#mark };
  }

  /** Replaces the placeholders with the text. */
  fill(written: string): string {
    if (this.#text === "") return written;
    return written.replace(JSON.stringify(this.#mark), () => this.#text);
  }
}

export interface McpServerOptions {
  readonly call: McpCall;
  readonly message: McpMessage;
  readonly result: ExactResult;
  /** Subscribes to a resource, or unsubscribes, in the 2025 versions of the protocol. */
  readonly subscribe: (uri: string) => Promise<void>;
  readonly unsubscribe: (uri: string) => void;
  readonly version: string;
  readonly note: CallNote;
  readonly logger: Logger;
}

/** Creates the server of one request. It keeps no state for the next one. */
export function createMcpServer(options: McpServerOptions): Server {
  const { call, message, result, subscribe, unsubscribe, version, note, logger } = options;
  const shown = (error: unknown): BatonError => {
    const known = shownError(error, logger);
    note.errorCode = known.code;
    return known;
  };
  const server = new Server(
    { name: "baton", title: "Baton", version },
    { capabilities: { tools: {}, resources: { subscribe: true } }, instructions },
  );
  server.setRequestHandler("tools/list", () => ({ tools: tools.map(({ listed }) => listed) }));
  server.setRequestHandler("tools/call", async ({ params: { name } }) => {
    const tool = findTool(name);
    if (!tool) {
      note.errorCode = "BAD_USER_INPUT";
      const names = tools.map((known) => known.name).join(", ");
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `The tool ${JSON.stringify(name.slice(0, 100))} does not exist. The tools are: ${names}.`,
      );
    }
    const [isError, answer] = await tool.run(call, message.argumentsText).then(
      (done) => [false, done] as const,
      (error: unknown) => [true, toolError(shown(error), tool.argumentOf)] as const,
    );
    const { text, structuredContent } = result.hold(answer);
    return {
      content: [{ type: "text", text }],
      structuredContent: { ...structuredContent },
      ...(isError ? { isError } : {}),
    };
  });
  const orRpcError = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (!(error instanceof ProtocolError)) throw rpcError(shown(error));
      note.errorCode = "BAD_USER_INPUT";
      throw error;
    });
  server.setRequestHandler("resources/list", ({ params }) =>
    orRpcError(listResources(call, params?.cursor)),
  );
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates }));
  server.setRequestHandler("resources/read", ({ params: { uri } }) =>
    orRpcError(readResource(call, uri)),
  );
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
    await orRpcError(subscribe(uri));
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
    unsubscribe(uri);
    return {};
  });
  return server;
}

/** The codes of errors of the server, as opposed to errors of the request. */
const serverErrors: readonly ErrorCode[] = ["UNAVAILABLE", "INTERNAL", "RATE_LIMITED"];

/** The error of a request that does not call a tool. Its data is the `extensions` of the GraphQL error. */
export function rpcError(error: BatonError): ProtocolError {
  const { InternalError, InvalidParams } = ProtocolErrorCode;
  const code = serverErrors.includes(error.code) ? InternalError : InvalidParams;
  return new ProtocolError(code, error.message, { ...error.extensions });
}
