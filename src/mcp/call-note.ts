import type { OperationTrace } from "../operation-trace.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { McpMessage } from "./mcp-message.ts";
import { findTool } from "./tools.ts";

/** What is noted of a request while it is answered, for the log. Neither a token nor a key nor a value is part of it. */
export interface CallNote {
  viewer?: Viewer;
  /** Such as `tools/call baton_get`. */
  call?: string;
  /** Of its first error. */
  errorCode?: string | null;
  /** Its span, where there are traces. */
  trace?: OperationTrace | undefined;
}

const maxMethodLength = 100;

/** A message in the words of the log. Of what it names, only tools are shown: the URI of a resource has a key in it. */
export function describeCall({ method, params }: McpMessage): string {
  const shown = method.slice(0, maxMethodLength);
  const tool = method === "tools/call" ? findTool(String(params.name)) : undefined;
  return tool ? `${shown} ${tool.name}` : shown;
}
