/**
 * The error codes of the API, all of them. A caller finds one in `extensions.code` of every error.
 *
 * - `UNAUTHENTICATED`: no token, or one that is unknown, expired or revoked.
 * - `FORBIDDEN`: the token's grants do not cover the operation.
 * - `BAD_USER_INPUT`: an argument is wrong; `extensions.argument` is its path.
 * - `CONFLICT`: `ifRevision`, or a condition, did not hold; carries `currentRevision` and `currentValue` for who may read.
 * - `CLAIM_LOST`: the claim does not hold its entry any more: its lease has ended, or it was completed or released.
 * - `REVISION_COMPACTED`: the log no longer reaches back; carries `oldestRevision`. With `reason: "EPOCH"` the revision is of
 *   another history, from before a backup was restored; carries the current `epoch`.
 * - `LIMIT_EXCEEDED`: carries `limit` (its option's name) and `max` (its value).
 * - `RATE_LIMITED`: too much in a second (carries `limit`, `max` and `retryAfterMs`), or the connection has asked for more
 *   than it has read: read the answers first.
 * - `PAYLOAD_TOO_LARGE`: the request is larger than the server reads.
 * - `UNAVAILABLE`: the database can't be reached, the server is stopping, or an import is under way; try again.
 * - `INTERNAL`: a fault of the server, logged there; carries the `requestId` that the log names.
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

export function isErrorCode(code: unknown): code is ErrorCode {
  return errorCodes.some((known) => known === code);
}

/** What an error carries beside its message, as JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An error meant for the caller: its message and details are shown as they are. */
export class BatonError extends Error {
  override readonly name = "BatonError";
  readonly code: ErrorCode;
  /** What GraphQL shows as `extensions`. */
  readonly extensions: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.extensions = { code, ...details };
  }
}

/** An argument is wrong. `argument` is its path, such as `input.entries.3.key`. */
export function badUserInput(argument: string, message: string): BatonError {
  return new BatonError("BAD_USER_INPUT", `${argument}: ${message}`, { argument });
}

/** An input is larger than a limit. `limit` is the name of the option that sets it. */
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

/** The caller is not known, or no longer. */
export function unauthenticated(message: string): BatonError {
  return new BatonError("UNAUTHENTICATED", message);
}

/** The server can't do it now; the same call may succeed later. */
export function unavailable(message: string, cause?: unknown): BatonError {
  return new BatonError("UNAVAILABLE", message, {}, cause);
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof BatonError && error.code === "UNAVAILABLE";
}

/** The log was compacted past the revision a reader wants to go on from. */
export function revisionCompacted(after: bigint, oldest: bigint): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `The log no longer holds the changes right after revision ${after}; the oldest revision kept is ${oldest}. ` +
      "Start over with snapshot: true, or accept the gap with after: " +
      `"${oldest - 1n}".`,
    { after: String(after), oldestRevision: String(oldest) },
  );
}

/** The revision is of another history than the log: the store was restored from a backup since. */
export function epochChanged(after: bigint, oldest: bigint, epoch: string): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `Revision ${after} is of another history of this store, which was restored from a backup since. ` +
      `Start over with snapshot: true; the epoch is ${JSON.stringify(epoch)} now.`,
    { after: String(after), oldestRevision: String(oldest), reason: "EPOCH", epoch },
  );
}
