/** The codes of the API, all of them: `docs/guarantees.md` says when each comes, and what it carries. */
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

/**
 * What went wrong: a code of the API, or one of the client's own. `TIMEOUT`: what was waited for did not come in time.
 * `BAD_RESPONSE`: what answered is no Baton.
 */
export type ErrorCode = (typeof errorCodes)[number] | "TIMEOUT" | "BAD_RESPONSE";

/** What an error carries beside its code and message, by name, such as `argument`. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Any failure of a call. Each code has a class of its own, to tell by `instanceof`, or by `code`. */
export class BatonError extends Error {
  /** Stable: made to be compared, unlike the message. */
  readonly code: ErrorCode;
  /** All that the server said beside the message. */
  readonly details: ErrorDetails;

  /** @internal */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BatonError";
    this.code = code;
    this.details = details;
  }
}

/** No token, or one that is unknown, expired or revoked. */
export class UnauthenticatedError extends BatonError {}

/** The token's scopes or namespaces do not cover the call. */
export class ForbiddenError extends BatonError {}

/** An argument is wrong. */
export class BadUserInputError extends BatonError {
  /** Path of the argument in what was sent, such as `input.key`; null where none is to blame. */
  readonly argument = (this.details.argument as string | undefined) ?? null;
}

/** A condition did not hold, such as `ifRevision`. Nothing was written. */
export class ConflictError extends BatonError {
  /** Namespace of the entry that the condition is about. */
  readonly namespace = this.details.namespace as string;
  /** Its key. */
  readonly key = this.details.key as string;
  /** The revision it is at; `"0"` when there is none. */
  readonly currentRevision = this.details.currentRevision as string;
  /** The value it has; null when there is none, and for a token that may not read. */
  readonly currentValue: unknown = this.details.currentValue ?? null;
}

/** The claim is over: its lease has ended, or it was completed or released. Nothing was written. */
export class ClaimLostError extends BatonError {}

/** The log does not reach back to the revision to go on after: begin anew with a snapshot. */
export class RevisionCompactedError extends BatonError {
  /** The oldest revision that the log still has. */
  readonly oldestRevision = this.details.oldestRevision as string;
}

/** Larger than a limit of the server. */
export class LimitExceededError extends BatonError {
  /** Name of the limit, as in `viewer.limits`. */
  readonly limit = this.details.limit as string;
  /** Its value. */
  readonly max = this.details.max as number;
}

/** More was asked for than was read. */
export class RateLimitedError extends BatonError {}

/** The request is larger than the server reads. */
export class PayloadTooLargeError extends BatonError {}

/**
 * The server can't be reached, or can't do its work now. Reads, and writes with an idempotency key, have been tried
 * again for as long as `retryForMs` says; of a write it is not known whether it happened.
 */
export class UnavailableError extends BatonError {}

/** A fault of the server, logged there. */
export class InternalError extends BatonError {}

/** What was waited for did not come in time. */
export class TimeoutError extends BatonError {
  /** @internal */
  constructor(message: string) {
    super("TIMEOUT", message);
  }
}

const classes: Readonly<Record<(typeof errorCodes)[number], typeof BatonError>> = {
  UNAUTHENTICATED: UnauthenticatedError,
  FORBIDDEN: ForbiddenError,
  BAD_USER_INPUT: BadUserInputError,
  CONFLICT: ConflictError,
  CLAIM_LOST: ClaimLostError,
  REVISION_COMPACTED: RevisionCompactedError,
  LIMIT_EXCEEDED: LimitExceededError,
  RATE_LIMITED: RateLimitedError,
  PAYLOAD_TOO_LARGE: PayloadTooLargeError,
  UNAVAILABLE: UnavailableError,
  INTERNAL: InternalError,
};

/** An error as GraphQL answers it. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: ErrorDetails;
}

/** The error of its code's class. */
export function errorOf({ message, extensions: { code, ...details } = {} }: AnsweredError) {
  const Class = Object.hasOwn(classes, String(code)) ? classes[code as keyof typeof classes] : null;
  return Class
    ? new Class(code as ErrorCode, message, details)
    : new BatonError("BAD_RESPONSE", message, { code, ...details });
}

/** The call may be made again, and may then succeed. */
export function isTransient(error: unknown): error is BatonError {
  return error instanceof BatonError && ["UNAVAILABLE", "RATE_LIMITED"].includes(error.code);
}

export function unavailable(message: string, cause?: unknown): UnavailableError {
  return new UnavailableError("UNAVAILABLE", message, {}, cause);
}

export function badUserInput(argument: string, message: string): BadUserInputError {
  return new BadUserInputError("BAD_USER_INPUT", `${argument}: ${message}`, { argument });
}
