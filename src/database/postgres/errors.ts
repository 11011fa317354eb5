import { BatonError, databaseUnavailable, RowRefused } from "../../errors.ts";
import { maxNameBytes } from "./name-sizes.ts";

/** The SQLSTATE with which PostgreSQL refuses a statement because its disk is full. */
export const diskFull = "53100";

/** The SQLSTATE of a row that does not fit into an index, and of limits of the database, such as its transaction IDs. */
const programLimit = "54000";

/** The SQLSTATE of a statement that took longer than its time limit. */
export const canceled = "57014";

/** SQLSTATEs that mean "not now", by code or by class (the first two characters). See PostgreSQL's appendix A. */
const unavailableStates: ReadonlyMap<string, string> = new Map([
  ["08", "the connection was lost"],
  ["25006", "it is read-only, like a standby"],
  ["25P03", "the connection was idle for too long"],
  ["25P04", "the transaction took too long"],
  ["28", "it rejects the user of this server"],
  ["3D000", "it does not exist"],
  ["40", "it had to roll back the transaction"],
  [diskFull, "its disk is full"],
  ["53", "it lacks memory, connections or another resource"],
  [programLimit, "it has reached one of its limits"],
  ["55P03", "a lock could not be acquired in time"],
  [canceled, "it took too long"],
  ["57", "it is shutting down or starting"],
  ["58", "its operating system reported an error"],
]);

/** Messages of the driver and of Prisma that have no SQLSTATE, because the database did not respond. */
const unavailableMessages: readonly (readonly [RegExp, string])[] = [
  [/timeout exceeded when trying to connect|P2024/, "all connections to it are busy"],
  [/P2028|Query read timeout|SocketTimeout|due to connection timeout/, "it took too long"],
  [
    /DatabaseNotReachable|ConnectionClosed|TlsConnectionError|not queryable|Connection terminated|Client was closed|\bE(?:ADDR\w+|AI_AGAIN|CONN\w+|HOST\w+|NET\w+|NOTFOUND|PIPE|PROTO|TIMEDOUT)\b/,
    "it cannot be reached",
  ],
];

/** Returns why the database cannot serve now; undefined for an error of another kind. */
function unavailableReason(error: unknown): string | undefined {
  const state = sqlState(error);
  if (state !== null) {
    return unavailableStates.get(state) ?? unavailableStates.get(state.slice(0, 2));
  }
  const text = wordsOf(error);
  return unavailableMessages.find(([pattern]) => pattern.test(text))?.[1];
}

/** Whether a row does not fit into an index. Only then does this error name a table. */
function isRowTooLong(error: unknown): boolean {
  return sqlState(error) === programLimit && chain(error).some(({ table }) => table !== undefined);
}

/** `checkNameSizes` excludes this for names within the server's limits, but an import or an earlier server has its own. */
function rowTooLong(cause: unknown): RowRefused {
  return new RowRefused(
    "LIMIT_EXCEEDED",
    `PostgreSQL has no room in an index for these names: a user, a namespace and a key can have ${maxNameBytes} bytes of ` +
      "UTF-8 in total.",
    { limit: "maxKeyBytes", max: maxNameBytes },
    cause,
  );
}

/**
 * Runs work of the driver.
 * @throws UNAVAILABLE if the database cannot serve now, as a `DiskFull` if its disk is full; LIMIT_EXCEEDED as a
 * `RowRefused` if a row does not fit into an index; and any other error unchanged
 */
export async function translateErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BatonError) throw error;
    if (isRowTooLong(error)) throw rowTooLong(error);
    const reason = unavailableReason(error);
    if (reason === undefined) throw error;
    throw databaseUnavailable(reason, error, sqlState(error) === diskFull);
  }
}

/** Codes of Prisma (P2010) and of the system (EPIPE) that have the form of a SQLSTATE. */
const otherCodes = /^(P[12]\d{3}|E[A-Z]+)$/;

/** Returns PostgreSQL's code from an error of the driver or of Prisma; null if the error has none. */
export function sqlState(error: unknown): string | null {
  for (const { originalCode, code } of chain(error)) {
    const state = originalCode ?? code;
    if (typeof state === "string" && /^[0-9A-Z]{5}$/.test(state) && !otherCodes.test(state)) {
      return state;
    }
  }
  return null;
}

interface Link {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
  readonly table?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
  readonly errors?: readonly unknown[];
}

/** An error and its causes. */
function chain(error: unknown): Link[] {
  if (typeof error !== "object" || error === null) return [];
  const link = error as Link;
  const made = [link.meta?.driverAdapterError, link.cause, ...(link.errors ?? [])];
  return [link, ...made.flatMap(chain)];
}

function wordsOf(error: unknown): string {
  return chain(error)
    .flatMap(({ code, kind, message }) => [code, kind, message])
    .filter((word) => typeof word === "string")
    .join("\n");
}
