import type { Error as DriverError } from "@prisma/driver-adapter-utils";
import { BatonError, unavailable } from "../../errors.ts";

/** Primary result codes of SQLite that mean "not now". See its documentation, "Result and Error Codes". */
const unavailableCodes: ReadonlyMap<number, string> = new Map([
  [5, "another process is writing to the database"],
  [6, "another process is writing to the database"],
  [7, "the server is out of memory"],
  [8, "the database can't be written"],
  [10, "the disk failed"],
  [11, "the database file is damaged"],
  [13, "the disk is full"],
  [14, "the database file can't be opened"],
  [26, "the database file is damaged"],
]);

/** SQLite's code for a row that breaks a UNIQUE or PRIMARY KEY constraint. */
const uniqueCodes: readonly number[] = [1555, 2067];

/** Called with the primary result code of what keeps the database from serving. */
export type FaultListener = (code: number) => void;

/**
 * Runs work of the driver.
 * @throws UNAVAILABLE if the database can't serve now, and any other error as it is
 */
export function translateErrors<T>(work: () => T, onFault?: FaultListener): T {
  try {
    const result = work();
    if (result instanceof Promise) {
      return result.catch((error: unknown) => rethrow(error, onFault)) as T;
    }
    return result;
  } catch (error) {
    return rethrow(error, onFault);
  }
}

function rethrow(error: unknown, onFault: FaultListener | undefined): never {
  const code = primaryCode(error) ?? 0;
  const reason = unavailableCodes.get(code);
  if (error instanceof BatonError || reason === undefined) throw error;
  onFault?.(code);
  throw unavailable(`The database is unavailable: ${reason}. Try again.`, error);
}

/** Whether another process is writing to the database. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}

/** Primary result codes of what lasts: no other attempt helps. */
export const faultCodes = { disk: 10, damaged: 11, full: 13, noDatabase: 26 } as const;

/** The primary result code of an error, or of its cause; null for an error that is not SQLite's. */
export function primaryCode(error: unknown): number | null {
  const code = rawCode(error);
  return code === null ? null : code & 0xff;
}

function rawCode(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  const { rawCode: code, originalCode, cause, meta } = error as DriverLink;
  if (typeof code === "number") return code;
  // As `toDriverError` gave it to Prisma, which puts it into errors of its own.
  if (originalCode !== undefined && /^\d+$/.test(originalCode)) return Number(originalCode);
  return rawCode(cause ?? meta?.driverAdapterError);
}

/** Where an error, or what it was made of, may carry SQLite's code. */
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
