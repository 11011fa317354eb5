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
  static {
    nameErrors(this, "BatonError");
  }

  /** Stable: made to be compared, unlike the message. */
  readonly code: ErrorCode;
  /** All that the server said beside the message. */
  readonly details: ErrorDetails;

  /** @internal */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /**
   * The class, the code and the message.
   *
   * @example
   * ```ts
   * await jobs.set("raw", data, { ifRevision: "0" }).catch((error) => console.error(String(error)));
   * // ConflictError [CONFLICT]: …
   * ```
   */
  override toString(): string {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

/** Names the errors of a class. Its own name is not kept where code is minified. */
function nameErrors({ prototype }: typeof BatonError, name: string): void {
  Object.defineProperty(prototype, "name", { value: name, configurable: true, writable: true });
}

/** No token, or one that is unknown, expired or revoked. */
export class UnauthenticatedError extends BatonError {
  static {
    nameErrors(this, "UnauthenticatedError");
  }
}

/** The token's scopes or namespaces do not cover the call. */
export class ForbiddenError extends BatonError {
  static {
    nameErrors(this, "ForbiddenError");
  }
}

/** An argument is wrong. */
export class BadUserInputError extends BatonError {
  static {
    nameErrors(this, "BadUserInputError");
  }

  /** Path of the argument in what was sent, such as `input.key`; null where none is to blame. */
  readonly argument = (this.details.argument as string | undefined) ?? null;
}

/** A condition did not hold, such as `ifRevision`. Nothing was written. */
export class ConflictError extends BatonError {
  static {
    nameErrors(this, "ConflictError");
  }

  /** Namespace of the entry that the condition is about. */
  readonly namespace = this.details.namespace as string;
  /** Its key. */
  readonly key = this.details.key as string;
  /** The revision it is at; `"0"` when there is none, and null for a token that may not read. */
  readonly currentRevision = (this.details.currentRevision as string | undefined) ?? null;
  /** The value it has; null when there is none, and for a token that may not read. */
  readonly currentValue: unknown = this.details.currentValue ?? null;
}

/** The claim is over: its lease has ended, or it was completed or released. Nothing was written. */
export class ClaimLostError extends BatonError {
  static {
    nameErrors(this, "ClaimLostError");
  }
}

/**
 * The log does not reach back to the revision to go on after, or is of another history since a backup was restored: begin anew
 * with a snapshot.
 */
export class RevisionCompactedError extends BatonError {
  static {
    nameErrors(this, "RevisionCompactedError");
  }

  /** The oldest revision that the log still has. */
  readonly oldestRevision = this.details.oldestRevision as string;
  /** `"EPOCH"`: the revision is of another history; null: it is no longer kept. */
  readonly reason = (this.details.reason as "EPOCH" | undefined) ?? null;
  /** The history that the store has now, where that is the reason; otherwise null. */
  readonly epoch = (this.details.epoch as string | undefined) ?? null;
}

/** Larger than a limit of the server. */
export class LimitExceededError extends BatonError {
  static {
    nameErrors(this, "LimitExceededError");
  }

  /** Name of the limit, as in `viewer.limits`. */
  readonly limit = this.details.limit as string;
  /** Its value. */
  readonly max = this.details.max as number;
}

/** More was asked for than was read. */
export class RateLimitedError extends BatonError {
  static {
    nameErrors(this, "RateLimitedError");
  }
}

/** The request is larger than the server reads. */
export class PayloadTooLargeError extends BatonError {
  static {
    nameErrors(this, "PayloadTooLargeError");
  }
}

/**
 * The server can't be reached, or can't do its work now. Reads, and writes with an idempotency key, have been tried
 * again for as long as `retryForMs` says; of a write it is not known whether it happened.
 */
export class UnavailableError extends BatonError {
  static {
    nameErrors(this, "UnavailableError");
  }
}

/** A fault of the server, logged there. */
export class InternalError extends BatonError {
  static {
    nameErrors(this, "InternalError");
  }
}

/** What was waited for did not come in time. */
export class TimeoutError extends BatonError {
  static {
    nameErrors(this, "TimeoutError");
  }

  /** @internal */
  constructor(message: string) {
    super("TIMEOUT", message);
  }
}

/** What answered is not Baton: a proxy, most likely, or another server at this address. */
export class BadResponseError extends BatonError {
  static {
    nameErrors(this, "BadResponseError");
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
    : badResponse(message, { code, ...details });
}

/** Whether the same call may succeed soon. */
export function isTransient(error: BatonError): boolean {
  return ["UNAVAILABLE", "RATE_LIMITED"].includes(error.code);
}

/** Whether it comes from something that stands before the server, and was not said by a server that knows the call. */
export function isForeign(error: BatonError): boolean {
  return error.code === "BAD_RESPONSE" && error.details.code === undefined;
}

/** Whether the same call may ever succeed: the server's state, or what stands before the server, may change. */
export function mayPass(error: BatonError): boolean {
  return isTransient(error) || ["INTERNAL", "BAD_RESPONSE"].includes(error.code);
}

export function unavailable(message: string, cause?: unknown): UnavailableError {
  return new UnavailableError("UNAVAILABLE", message, {}, cause);
}

export function badResponse(message: string, details?: ErrorDetails): BadResponseError {
  return new BadResponseError("BAD_RESPONSE", message, details);
}

export function badUserInput(argument: string, message: string): BadUserInputError {
  return new BadUserInputError("BAD_USER_INPUT", `${argument}: ${message}`, { argument });
}
