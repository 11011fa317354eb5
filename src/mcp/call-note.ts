import type { OperationTrace } from "../operation-trace.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { McpMessage } from "./mcp-message.ts";
import { findTool } from "./tools.ts";

/** The details of a request for the log. They contain no token, key or value. */
export interface CallNote {
  /** The ID of the request, in the log, in the response's header, and in errors of the server. */
  readonly requestId: string;
  viewer?: Viewer;
  /** The method and the tool, such as `tools/call baton_get`. */
  call?: string;
  /** The code of the first error. */
  errorCode?: string | null;
  /** The span of the request, if traces are on. */
  trace?: OperationTrace | undefined;
}

const maxMethodLength = 100;

/**
 * Describes a message for the log: its method, and the name of a tool. The URI of a resource contains a key, so it is
 * left out.
 */
export function describeCall({ method, params }: McpMessage): string {
  const shown = method.slice(0, maxMethodLength);
  const tool = method === "tools/call" ? findTool(String(params.name)) : undefined;
  return tool ? `${shown} ${tool.name}` : shown;
}
