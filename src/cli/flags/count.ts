import { InvalidArgumentError } from "commander";

/**
 * Parses a number of items.
 * @throws InvalidArgumentError unless it is a whole number of at least 1
 */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}
