// The demo's output: lines for events and, on a terminal, a bar below them.
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const isTerminal = process.stdout.isTTY === true;
const hasColours = isTerminal && !process.env.NO_COLOR;
const barWidth = 30;
const agentStyles: readonly Style[] = ["cyan", "yellow", "magenta", "blue"];

const startedAt = performance.now();
const styles = new Map<string, Style>();
let bar = "";

/** Prints a line above the bar. */
export function line(text = ""): void {
  process.stdout.write(`${bar && "\r\u001b[K"}${text}\n${bar}`);
}

export function title(text: string): void {
  line();
  line(coloured("bold", text));
}

/** An agent did something. */
export function event(who: string, what: string): void {
  const seconds = (elapsedMs() / 1_000).toFixed(2).padStart(6);
  line(`${coloured("dim", `${seconds} s`)}  ${nameOf(who)} ${what}`);
}

/** An agent handed something to another agent. */
export function handedOver(from: string, to: string, what: string): void {
  event(from, `→ ${nameOf(to)} ${what}`);
}

/** The demo did something to an agent. */
export function incident(what: string): void {
  event("demo", coloured("red", what));
}

export function proved(what: string): void {
  line(`  ${coloured("green", "✓")} ${what}`);
}

/** Shows the progress: a bar on a terminal, otherwise a line at each quarter. */
export function progress(done: number, total: number): void {
  const share = total === 0 ? 1 : done / total;
  const count = `${done} of ${total} tasks`;
  if (!isTerminal) {
    const quarter = Math.floor(4 * share);
    if (quarter > Math.floor((4 * (done - 1)) / total)) event("progress", count);
    return;
  }
  const full = Math.round(share * barWidth);
  const blocks = coloured("green", "█".repeat(full)) + "░".repeat(barWidth - full);
  const drawn = ` ${blocks} ${String(Math.floor(100 * share)).padStart(3)} %  ${count}`;
  process.stdout.write(`\r\u001b[K${drawn}`);
  bar = drawn;
}

/** Leaves the bar unchanged, and draws it no more. */
export function endBar(): void {
  if (bar) process.stdout.write("\n");
  bar = "";
}

export function elapsedMs(): number {
  return performance.now() - startedAt;
}

/** Each agent has a colour, in the order of their first event. */
function nameOf(agent: string): string {
  const style = styles.get(agent) ?? (agentStyles[styles.size % agentStyles.length] as Style);
  styles.set(agent, style);
  return coloured(style, agent.padEnd(9));
}

function coloured(style: Style, text: string): string {
  return hasColours ? styleText(style, text) : text;
}
