import type { Change } from "../../client/index.ts";
import { writeJson } from "../../json/write-json.ts";
import { escapeControls } from "./control-characters.ts";
import { isOutputTerminal } from "./output.ts";

/** How a change is shown. Without a flag: a readable line on a terminal, otherwise JSON. */
export interface ChangeFormat {
  /** Print JSON on a terminal, too. */
  readonly json?: true;
}

/** The line that `watch` and `history` print for a change. */
export function showChange(change: Change, { json }: ChangeFormat): string {
  return isOutputTerminal() && !json
    ? lineOf(change, process.stdout.columns || 80)
    : `${writeJson(change)}\n`;
}

function lineOf(change: Change, columns: number): string {
  const { revision, kind, namespace, key, agent, entry } = change;
  const cells = [
    revision.padStart(6),
    kind.padEnd("EXISTING".length),
    ...(namespace === null ? [] : [namespace]),
    ...(key === null ? [] : [key]),
    ...(entry === null ? [] : [escapeControls(writeJson(entry.value))]),
  ];
  const by = agent === null ? "" : `  (${agent})`;
  const line = cells.join("  ");
  const room = Math.max(columns - by.length - 1, 40);
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${by}\n`;
}
