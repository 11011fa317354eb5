import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { usageError } from "./usage-error.ts";

/**
 * @param warning what makes the question necessary
 * @throws StartError (usage) when standard input is not a terminal, so that `confirm` has nobody to ask
 */
export function requireTerminal(warning = ""): void {
  if (!process.stdin.isTTY) {
    throw usageError(`${warning} Nobody can be asked here: say --yes.`.trim());
  }
}

/**
 * Asks a question on the terminal. The default is no.
 * @param question without the possible answers
 */
export async function confirm(question: string): Promise<boolean> {
  // Standard output is for data.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the terminal, and leave the question open or reject it: they count as no.
  const closed = once(terminal, "close").then(() => "");
  const answered = terminal.question(`${question} [y/N] `).catch(() => "");
  try {
    const answer = await Promise.race([answered, closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
