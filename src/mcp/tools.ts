import type { Tool } from "./tool.ts";
import { batchTools } from "./tools/batch-tool.ts";
import { entryTools } from "./tools/entry-tools.ts";
import { listTools } from "./tools/list-tools.ts";
import { taskTools } from "./tools/task-tools.ts";
import { waitTools } from "./tools/wait-tool.ts";

/**
 * All tools, in the order in which a client shows them. At most twelve, because a model has the tools of many servers.
 */
export const tools: readonly Tool[] = [
  ...entryTools,
  ...waitTools,
  ...listTools,
  ...taskTools,
  ...batchTools,
];

const byName = new Map(tools.map((tool) => [tool.name, tool]));

export function findTool(name: string): Tool | undefined {
  return byName.get(name);
}
