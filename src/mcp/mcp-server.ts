import { randomUUID } from "node:crypto";
import { ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import { serverErrorCodes, type BatonError } from "../errors.ts";
import type { OperationObserver } from "../operation-observer.ts";
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
  readonly observer: OperationObserver | undefined;
  readonly note: CallNote;
  readonly logger: Logger;
}

/** Creates the server of one request. It keeps no state for the next one. */
export function createMcpServer(options: McpServerOptions): Server {
  const { call, message, result, subscribe, unsubscribe, version, observer, note, logger } =
    options;
  const shown = (error: unknown): BatonError => {
    const known = shownError(error, logger, note);
    note.errorCode = known.code;
    return known;
  };
  const server = new Server(
    { name: "baton", title: "Baton", version },
    { capabilities: { tools: {}, resources: { subscribe: true } }, instructions },
  );
  server.setRequestHandler("tools/list", () => ({ tools: tools.map(({ listed }) => listed) }));
  const callTool = async (name: string) => {
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
      content: [{ type: "text" as const, text }],
      structuredContent: { ...structuredContent },
      ...(isError ? { isError } : {}),
    };
  };
  /** Counts a call. A request has one, so the code of the request's note is that of the call. */
  const counted = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const beganAt = performance.now();
    try {
      return await work();
    } finally {
      const durationMs = performance.now() - beganAt;
      observer?.ended({ kind: "mcp", name, errorCode: note.errorCode ?? null, durationMs });
    }
  };
  const orRpcError = <T>(method: string, work: () => Promise<T>): Promise<T> =>
    counted(method, () =>
      work().catch((error: unknown) => {
        if (!(error instanceof ProtocolError)) throw rpcError(shown(error));
        note.errorCode = "BAD_USER_INPUT";
        throw error;
      }),
    );
  // A caller chooses the name, so only the names of tools are counted separately.
  server.setRequestHandler("tools/call", ({ params: { name } }) =>
    counted(findTool(name)?.name ?? "other", () => callTool(name)),
  );
  server.setRequestHandler("resources/list", ({ params }) =>
    orRpcError("resources/list", () => listResources(call, params?.cursor)),
  );
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates }));
  server.setRequestHandler("resources/read", ({ params: { uri } }) =>
    orRpcError("resources/read", () => readResource(call, uri)),
  );
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
    await orRpcError("resources/subscribe", () => subscribe(uri));
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
    unsubscribe(uri);
    return {};
  });
  return server;
}

/** The error of a request that does not call a tool. Its data is the `extensions` of the GraphQL error. */
export function rpcError(error: BatonError): ProtocolError {
  const { InternalError, InvalidParams } = ProtocolErrorCode;
  const code = serverErrorCodes.includes(error.code) ? InternalError : InvalidParams;
  return new ProtocolError(code, error.message, { ...error.extensions });
}
