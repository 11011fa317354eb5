/**
 * All error codes of the API. Every error has one of them in `extensions.code`.
 *
 * - `UNAUTHENTICATED`: the token is missing, unknown, expired or revoked.
 * - `FORBIDDEN`: the token's grants do not cover the operation.
 * - `BAD_USER_INPUT`: an argument is invalid; `extensions.argument` is its path.
 * - `CONFLICT`: `ifRevision`, or another condition, did not hold. It has `currentRevision` and `currentValue` if the
 *   token can read them.
 * - `CLAIM_LOST`: the claim no longer holds its entry, because its lease ended, or it was completed or released.
 * - `REVISION_COMPACTED`: the log no longer reaches back to the revision; it has `oldestRevision`. With `reason:
 *   "EPOCH"`, the revision belongs to another epoch, from before a backup was restored; it has the current `epoch`. With
 *   `reason: "RESPONSE"`, the first call of a repeated mutation wrote it, at `revision`, but retention has removed a part of
 *   its response.
 * - `LIMIT_EXCEEDED`: a limit was exceeded; it has `limit` (the option's name) and `max` (its value).
 * - `RATE_LIMITED`: too many requests per second (it has `limit`, `max` and `retryAfterMs`), too little memory for a
 *   large request or response (it has `retryAfterMs`), or too many unread responses on the connection, which must be
 *   read first.
 * - `PAYLOAD_TOO_LARGE`: the request is larger than the server accepts.
 * - `UNAVAILABLE`: the database cannot be reached, the server is stopping, an import is in progress, or a write adds data
 *   to a disk that is nearly full. Try again.
 * - `INTERNAL`: an error of the server, with details in its log.
 *
 * `RATE_LIMITED`, `UNAVAILABLE` and `INTERNAL` have the `requestId` of the request's line in the log.
 */
export const errorCodes = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "BAD_USER_INPUT",
  "CONFLICT",
  "CLAIM_LOST",
  "REVISION_COMPACTED",
  "LIMIT_EXCEEDED",
  "RATE_LIMITED",
  "PAYLOAD_TOO_LARGE",
  "UNAVAILABLE",
  "INTERNAL",
] as const;

/** One of `errorCodes`. */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * The codes of errors of the server, as opposed to errors of the request. These errors have the `requestId`, so that a
 * report of one leads to the line in the log.
 */
export const serverErrorCodes: readonly ErrorCode[] = ["UNAVAILABLE", "INTERNAL", "RATE_LIMITED"];

export function isErrorCode(code: unknown): code is ErrorCode {
  return errorCodes.some((known) => known === code);
}

/** The details of an error in addition to its message, as JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * An error for the caller: its message and details are shown unchanged. It has no stack, because the caller is its cause,
 * and a stack takes tens of microseconds: an operation can have thousands of errors.
 */
export class BatonError extends Error {
  override readonly name = "BatonError";
  readonly code: ErrorCode;
  /** The `extensions` of the GraphQL error. */
  readonly extensions: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, cause === undefined ? undefined : { cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.extensions = { code, ...details };
  }
}

/** Returns the `extensions` of an error in a response. */
export function shownExtensions({ code, extensions }: BatonError, requestId: string): ErrorDetails {
  return serverErrorCodes.includes(code) ? { ...extensions, requestId } : extensions;
}

/** An argument is invalid. `argument` is its path, such as `input.entries.3.key`. */
export function badUserInput(argument: string, message: string): BatonError {
  return new BatonError("BAD_USER_INPUT", `${argument}: ${message}`, { argument });
}

/** An input exceeds a limit. `limit` is the name of the option that sets it. */
export function limitExceeded(
  limit: string,
  max: number,
  message: string,
  argument?: string,
): BatonError {
  return new BatonError(
    "LIMIT_EXCEEDED",
    argument === undefined ? message : `${argument}: ${message}`,
    { limit, max, ...(argument === undefined ? {} : { argument }) },
  );
}

/** The token does not allow the operation. */
export function forbidden(message: string, details: ErrorDetails = {}): BatonError {
  return new BatonError("FORBIDDEN", message, details);
}

/** The caller is not authenticated, or its token is no longer valid. */
export function unauthenticated(message: string): BatonError {
  return new BatonError("UNAUTHENTICATED", message);
}

/** The operation is not possible now; the same call can succeed later. */
export function unavailable(message: string, cause?: unknown): BatonError {
  return new BatonError("UNAVAILABLE", message, {}, cause);
}

/** The database has refused a transaction because its disk is full. It has stored nothing of it. */
export class DiskFull extends BatonError {}

/** The database refuses a row of one command, whose transaction it has not stored. Other commands can succeed. */
export class RowRefused extends BatonError {}

/**
 * The database cannot serve now.
 * @param isDiskFull whether that is because its disk is full
 */
export function databaseUnavailable(
  reason: string,
  cause: unknown,
  isDiskFull: boolean,
): BatonError {
  const Kind = isDiskFull ? DiskFull : BatonError;
  return new Kind("UNAVAILABLE", `The database is unavailable: ${reason}. Try again.`, {}, cause);
}

/** Refuses a write that adds data while the disk of the database is nearly full. */
export function diskIsLow(): BatonError {
  return unavailable(
    "The disk is nearly full: only writes that remove data are accepted, and nothing was written. " +
      "Delete or clear what is not needed, or try again later.",
  );
}

/** Refuses a write that does not free more than it stores, while nearly no space is left for deletes. */
export function diskIsVeryLow(): BatonError {
  return unavailable(
    "The disk is nearly full: only writes that free more than they store are accepted, and nothing was written. " +
      "Delete or clear what is not needed, without an idempotencyKey, or try again later.",
  );
}

/** Why a server is not ready while the disk of its database is nearly full. */
export function notReadyForLowDisk(): BatonError {
  return unavailable(
    "The disk is nearly full: only writes that remove data are accepted. Free disk space.",
  );
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof BatonError && error.code === "UNAVAILABLE";
}

/** The log was compacted past the revision after which a reader wants to resume. */
export function revisionCompacted(after: bigint, oldest: bigint): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `The log no longer contains the changes after revision ${after}; the oldest revision kept is ${oldest}. ` +
      "Start again with snapshot: true, or accept the gap with after: " +
      `"${oldest - 1n}".`,
    { after: String(after), oldestRevision: String(oldest) },
  );
}

/** The revision belongs to another epoch than the log: the store was restored from a backup since then. */
export function epochChanged(after: bigint, oldest: bigint, epoch: string): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `Revision ${after} belongs to another epoch of this store, which was restored from a backup since then. ` +
      `Start again with snapshot: true; the current epoch is ${JSON.stringify(epoch)}.`,
    { after: String(after), oldestRevision: String(oldest), reason: "EPOCH", epoch },
  );
}

/** The first call of a repeated mutation wrote it, but retention has removed a part of its response. */
export function resultNotKept(
  idempotencyKey: string,
  revision: bigint,
  oldest: bigint,
): BatonError {
  const argument = "input.idempotencyKey";
  return new BatonError(
    "REVISION_COMPACTED",
    `${argument}: The call with the key ${JSON.stringify(idempotencyKey)} was written once, by revision ${revision}, and was not written again. ` +
      "Retention has removed a part of its response. Read the current state.",
    {
      argument,
      revision: String(revision),
      oldestRevision: String(oldest),
      reason: "RESPONSE",
    },
  );
}
