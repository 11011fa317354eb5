import { InvalidArgumentError } from "commander";

/**
 * How many, as it is written on the command line.
 * @throws InvalidArgumentError unless it is 1 or more
 */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}
