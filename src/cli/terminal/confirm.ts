import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { usageError } from "./usage-error.ts";

/** @throws StartError (usage) when standard input is not a terminal, so that `confirm` has nobody to ask */
export function requireTerminal(): void {
  if (!process.stdin.isTTY) throw usageError("Nobody can be asked here: say --yes.");
}

/**
 * Asks a question on the terminal. The default is no.
 * @param question without the possible answers
 */
export async function confirm(question: string): Promise<boolean> {
  // Standard output is for data.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the terminal and leave the question open: they count as no.
  const closed = once(terminal, "close").then(() => "");
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
