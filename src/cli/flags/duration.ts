import { InvalidArgumentError } from "commander";

/** The units of a duration, in milliseconds. */
export const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a duration such as `30d`.
 * @returns milliseconds
 * @throws InvalidArgumentError that says what is accepted
 */
export function parseDuration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError("It must be a whole number and a unit: 30d, 12h, 15m or 90s.");
  }
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}

/** As `parseDuration`, but accepts zero. */
export function parseDurationOrZero(text: string): number {
  return /^0[smhd]?$/.test(text) ? 0 : parseDuration(text);
}
