/** All error codes of the API. `docs/errors.md` describes when each occurs and which details it has. */
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
 * A code of the API, or one of the client's own. `TIMEOUT`: the entry did not arrive in time. `BAD_RESPONSE`: the
 * response is not from a Baton server.
 */
export type ErrorCode = (typeof errorCodes)[number] | "TIMEOUT" | "BAD_RESPONSE";

/** The details of an error in addition to its code and message, by name, such as `argument`. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The base class of all errors of the client. Each code has its own subclass. Check either `instanceof` or `code`.
 * `docs/errors.md` has the cause and the remedy of each code.
 */
export class BatonError extends Error {
  static {
    nameErrors(this, "BatonError");
  }

  /** The error code. It is stable, unlike the message: compare the code. */
  readonly code: ErrorCode;
  /** The other `extensions` that the server sent with the error. */
  readonly details: ErrorDetails;

  /** @internal */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /**
   * Returns the class, the code and the message.
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

/** Sets the name of a class's errors, because minifiers change the names of classes. */
function nameErrors({ prototype }: typeof BatonError, name: string): void {
  Object.defineProperty(prototype, "name", { value: name, configurable: true, writable: true });
}

/** The token is missing, unknown, expired or revoked. */
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

/** An argument is not valid. */
export class BadUserInputError extends BatonError {
  static {
    nameErrors(this, "BadUserInputError");
  }

  /** Path of the argument in the request, such as `input.key`. Null if the error does not concern one argument. */
  readonly argument = (this.details.argument as string | undefined) ?? null;
}

/** A condition, such as `ifRevision`, did not hold. Nothing was written. */
export class ConflictError extends BatonError {
  static {
    nameErrors(this, "ConflictError");
  }

  /** Namespace of the entry that the condition concerns. */
  readonly namespace = this.details.namespace as string;
  /** Key of the entry. */
  readonly key = this.details.key as string;
  /** The current revision of the entry. `"0"` if it does not exist. Null if the token does not permit reading. */
  readonly currentRevision = (this.details.currentRevision as string | undefined) ?? null;
  /** The current value of the entry. Null if it does not exist, or if the token does not permit reading. */
  readonly currentValue: unknown = this.details.currentValue ?? null;
}

/** The claim has ended: its lease ended, or it was completed, failed or released. Nothing was written. */
export class ClaimLostError extends BatonError {
  static {
    nameErrors(this, "ClaimLostError");
  }
}

/**
 * The log no longer reaches back to the revision, or the store has another epoch because a backup was restored. Begin
 * again with a snapshot.
 */
export class RevisionCompactedError extends BatonError {
  static {
    nameErrors(this, "RevisionCompactedError");
  }

  /** The oldest revision that the log still contains. */
  readonly oldestRevision = this.details.oldestRevision as string;
  /**
   * `"EPOCH"` if the revision belongs to another epoch. `"RESPONSE"` if a repeated write happened once, and retention has
   * removed its response. Null if the log no longer contains the revision.
   */
  readonly reason = (this.details.reason as "EPOCH" | "RESPONSE" | undefined) ?? null;
  /** The current epoch of the store if `reason` is `"EPOCH"`; otherwise null. */
  readonly epoch = (this.details.epoch as string | undefined) ?? null;
}

/** The request exceeds a limit of the server. */
export class LimitExceededError extends BatonError {
  static {
    nameErrors(this, "LimitExceededError");
  }

  /** Name of the limit, as in `viewer.limits`. */
  readonly limit = this.details.limit as string;
  /** Value of the limit. */
  readonly max = this.details.max as number;
}

/** The caller sent too many requests. Try again later. */
export class RateLimitedError extends BatonError {
  static {
    nameErrors(this, "RateLimitedError");
  }
}

/** The request body is larger than the server accepts. */
export class PayloadTooLargeError extends BatonError {
  static {
    nameErrors(this, "PayloadTooLargeError");
  }
}

/**
 * The server is unreachable or temporarily unable to process the request. Reads, and writes with an idempotency key,
 * were retried for `retryForMs`. It is unknown whether a write happened.
 */
export class UnavailableError extends BatonError {
  static {
    nameErrors(this, "UnavailableError");
  }
}

/** An internal error of the server. Details are in the server log. */
export class InternalError extends BatonError {
  static {
    nameErrors(this, "InternalError");
  }
}

/** The entry did not arrive in time. */
export class TimeoutError extends BatonError {
  static {
    nameErrors(this, "TimeoutError");
  }

  /** @internal */
  constructor(message: string) {
    super("TIMEOUT", message);
  }
}

/** The response is not from a Baton server: most likely from a proxy, or from another server at this URL. */
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

/** An error as GraphQL returns it. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: ErrorDetails;
}

/** Creates an error of the class for its code. */
export function errorOf({ message, extensions: { code, ...details } = {} }: AnsweredError) {
  const Class = Object.hasOwn(classes, String(code)) ? classes[code as keyof typeof classes] : null;
  return Class
    ? new Class(code as ErrorCode, message, details)
    : badResponse(message, { code, ...details });
}

/** Returns whether the same call can succeed soon. */
export function isTransient(error: BatonError): boolean {
  return ["UNAVAILABLE", "RATE_LIMITED"].includes(error.code);
}

/** Returns whether the error comes from a proxy instead of a server that processed the call. */
export function isForeign(error: BatonError): boolean {
  return error.code === "BAD_RESPONSE" && error.details.code === undefined;
}

/** Returns whether the same call can succeed later, when the state of the server or of a proxy changes. */
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
