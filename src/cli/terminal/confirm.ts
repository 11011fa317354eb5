import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { usageError } from "./usage-error.ts";

/**
 * @param warning the reason for the question
 * @throws StartError (usage) if standard input is not a terminal, so that `confirm` cannot ask
 */
export function requireTerminal(warning = ""): void {
  if (!process.stdin.isTTY) {
    throw usageError(
      `${warning} Standard input is not a terminal, so there is no confirmation. Use --yes.`.trim(),
    );
  }
}

/**
 * Asks a question on the terminal. The default is no.
 * @param question without the hint for the possible answers
 */
export async function confirm(question: string): Promise<boolean> {
  // Standard output is for data.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the terminal, so the question stays open or rejects. Both count as no.
  const closed = once(terminal, "close").then(() => "");
  const answered = terminal.question(`${question} [y/N] `).catch(() => "");
  try {
    const answer = await Promise.race([answered, closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
