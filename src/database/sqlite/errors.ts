import type { Error as DriverError } from "@prisma/driver-adapter-utils";
import { BatonError, databaseUnavailable } from "../../errors.ts";

/** Primary result codes of SQLite that mean "not now". See "Result and Error Codes" in its documentation. */
const unavailableCodes: ReadonlyMap<number, string> = new Map([
  [5, "another process is writing to the database"],
  [6, "another process is writing to the database"],
  [7, "the server is out of memory"],
  [8, "the database cannot be written"],
  [10, "the disk failed"],
  [11, "the database file is damaged"],
  [13, "the disk is full"],
  [14, "the database file cannot be opened"],
  [26, "the database file is damaged"],
]);

/** SQLite's codes for a row that violates a UNIQUE or PRIMARY KEY constraint. */
const uniqueCodes: readonly number[] = [1555, 2067];

/** Called with the primary result code of an error that prevents the database from serving. */
export type ErrorListener = (code: number) => void;

/**
 * Runs work of the driver.
 * @throws UNAVAILABLE if the database cannot serve now, as a `DiskFull` if the disk is full, and any other error unchanged
 */
export function translateErrors<T>(work: () => T, onError?: ErrorListener): T {
  try {
    const result = work();
    if (result instanceof Promise) {
      return result.catch((error: unknown) => rethrow(error, onError)) as T;
    }
    return result;
  } catch (error) {
    return rethrow(error, onError);
  }
}

function rethrow(error: unknown, onError: ErrorListener | undefined): never {
  const code = primaryCode(error) ?? 0;
  const reason = unavailableCodes.get(code);
  if (error instanceof BatonError || reason === undefined) throw error;
  onError?.(code);
  throw databaseUnavailable(reason, error, code === permanentCodes.full);
}

/** Whether another process is writing to the database. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}

/** Primary result codes of permanent errors: another attempt does not help. */
export const permanentCodes = { disk: 10, damaged: 11, full: 13, noDatabase: 26 } as const;

/** The primary result code of an error or of its cause; null for other errors. */
export function primaryCode(error: unknown): number | null {
  const code = rawCode(error);
  return code === null ? null : code & 0xff;
}

function rawCode(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  const { rawCode: code, originalCode, cause, meta } = error as DriverLink;
  if (typeof code === "number") return code;
  // The code from `toDriverError`, which Prisma copies into its own errors.
  if (originalCode !== undefined && /^\d+$/.test(originalCode)) return Number(originalCode);
  return rawCode(cause ?? meta?.driverAdapterError);
}

/** The members of an error, or of its causes, that can contain SQLite's code. */
interface DriverLink {
  readonly rawCode?: unknown;
  readonly originalCode?: string;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}

/** An error in Prisma's terms. */
export function toDriverError(error: unknown): DriverError {
  const code = rawCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === null) throw error;
  const original = { originalCode: String(code), originalMessage: message };
  if (uniqueCodes.includes(code)) {
    const fields = message.split("constraint failed: ")[1]?.split(", ");
    const names = (fields ?? []).map((field) => field.split(".").at(-1) ?? field);
    return { ...original, kind: "UniqueConstraintViolation", constraint: { fields: names } };
  }
  return { ...original, kind: "sqlite", extendedCode: code, message };
}
