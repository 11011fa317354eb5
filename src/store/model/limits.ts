import { badUserInput, limitExceeded } from "../../errors.ts";
import { fold } from "../search/search-text.ts";

/** How much a caller may send and ask for. Each is an option of the server; see `config.ts` for defaults. */
export interface Limits {
  readonly maxKeyBytes: number;
  readonly maxNamespaceBytes: number;
  readonly maxValueBytes: number;
  readonly maxValueDepth: number;
  readonly maxMetadataBytes: number;
  readonly maxBatchOperations: number;
  readonly maxClearedNamespaces: number;
  readonly maxLeaseSeconds: number;
  readonly maxAwaitSeconds: number;
  readonly maxSearchBytes: number;
  readonly maxPageSize: number;
  readonly maxPageBytes: number;
  readonly maxAgentBytes: number;
  readonly maxResponseBytes: number;
  readonly maxQueryBytes: number;
  readonly maxQueryComplexity: number;
  readonly maxBodyBytes: number;
  readonly maxSubscriptions: number;
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it can name a namespace */
export function checkNamespace(limits: Limits, argument: string, namespace: string): void {
  checkName(argument, namespace, "maxNamespaceBytes", limits.maxNamespaceBytes, "A namespace");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it can name a key */
export function checkKey(limits: Limits, argument: string, key: string): void {
  checkName(argument, key, "maxKeyBytes", limits.maxKeyBytes, "A key");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it can name a call */
export function checkIdempotencyKey(limits: Limits, argument: string, key: string): void {
  checkName(argument, key, "maxKeyBytes", limits.maxKeyBytes, "An idempotency key");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it can lead to a member */
export function checkPath(limits: Limits, argument: string, path: string): void {
  if (path !== "") checkName(argument, path, "maxKeyBytes", limits.maxKeyBytes, "A path");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it can name an agent */
export function checkAgent(limits: Limits, argument: string, agent: string): void {
  checkName(argument, agent, "maxAgentBytes", limits.maxAgentBytes, "An agent's name");
}

/** An index of trigrams finds nothing shorter. */
export const minSearchCharacters = 3;

/**
 * Checks what is searched for, and folds it.
 * @throws BAD_USER_INPUT or LIMIT_EXCEEDED
 */
export function checkSearch({ maxSearchBytes }: Limits, argument: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxSearchBytes) {
    throw limitExceeded(
      "maxSearchBytes",
      maxSearchBytes,
      `What is searched for may have ${maxSearchBytes} bytes of UTF-8; this has ${bytes}.`,
      argument,
    );
  }
  const folded = fold(text);
  if (Array.from(folded).length < minSearchCharacters) {
    throw badUserInput(
      argument,
      `What is searched for must have at least ${minSearchCharacters} characters. ` +
        "To find a key by its first characters, use entries with keyPrefix.",
    );
  }
  return folded;
}

/** Like the name it begins, but may be empty. */
export function checkNamespacePrefix(limits: Limits, argument: string, prefix: string): void {
  if (prefix !== "") checkNamespace(limits, argument, prefix);
}

/** Like the key it begins, but may be empty. */
export function checkKeyPrefix(limits: Limits, argument: string, prefix: string): void {
  if (prefix !== "") checkKey(limits, argument, prefix);
}

function checkName(
  argument: string,
  text: string,
  limit: keyof Limits,
  maxBytes: number,
  what: string,
): void {
  if (text === "") throw badUserInput(argument, `${what} must not be empty.`);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw limitExceeded(
      limit,
      maxBytes,
      `${what} may have ${maxBytes} bytes of UTF-8; this one has ${bytes}.`,
      argument,
    );
  }
  const control = /\p{Cc}/u.exec(text);
  if (control) {
    const point = (control[0].codePointAt(0) as number).toString(16).padStart(4, "0");
    throw badUserInput(
      argument,
      `${what} must not hold control characters; this one holds U+${point}.`,
    );
  }
  if (!text.isWellFormed()) {
    throw badUserInput(
      argument,
      `${what} must be well-formed Unicode; this one holds half of a surrogate pair.`,
    );
  }
}

/**
 * Checks a JSON value and serialises it.
 * @throws BAD_USER_INPUT for a number that JSON can't hold, LIMIT_EXCEEDED when it is too deep or too large
 */
export function serialiseValue(limits: Limits, argument: string, value: unknown): string {
  checkJson(limits, argument, value);
  return serialiseWithin("maxValueBytes", limits.maxValueBytes, argument, "A value", value);
}

/** A metadata object as given by a caller. */
export type Metadata = Readonly<Record<string, unknown>>;

/** @throws BAD_USER_INPUT unless it is a JSON object; LIMIT_EXCEEDED when it is too deep or too large */
export function checkMetadata(limits: Limits, argument: string, metadata: unknown): Metadata {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    const found = Array.isArray(metadata)
      ? "an array"
      : metadata === null
        ? "null"
        : `a ${typeof metadata}`;
    throw badUserInput(argument, `Metadata must be a JSON object; this is ${found}.`);
  }
  checkJson(limits, argument, metadata);
  serialiseMetadata(limits, argument, metadata as Metadata);
  return metadata as Metadata;
}

/** @throws LIMIT_EXCEEDED */
export function serialiseMetadata(limits: Limits, argument: string, metadata: Metadata): string {
  return serialiseWithin(
    "maxMetadataBytes",
    limits.maxMetadataBytes,
    argument,
    "Metadata",
    metadata,
  );
}

function serialiseWithin(
  limit: keyof Limits,
  maxBytes: number,
  argument: string,
  what: string,
  value: unknown,
): string {
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes <= maxBytes) return json;
  throw limitExceeded(
    limit,
    maxBytes,
    `${what} may have ${maxBytes} bytes as JSON; this has ${bytes}.`,
    argument,
  );
}

/**
 * Checks that a value is JSON, and not too deep. Walks without recursion, since the depth is what is not yet known. */
export function checkJson(limits: Limits, argument: string, root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw badUserInput(
          argument,
          "A number is beyond what a 64-bit float holds (±1.8e308); send it as a string.",
        );
      }
      if (typeof value !== "object" || value === null) continue;
      if (depth >= limits.maxValueDepth) {
        throw limitExceeded(
          "maxValueDepth",
          limits.maxValueDepth,
          `JSON may be nested ${limits.maxValueDepth} deep; this is deeper.`,
          argument,
        );
      }
      for (const child of Object.values(value)) next.push(child);
    }
    level = next;
  }
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless a page may have that many */
export function checkPageSize(limits: Limits, first: number): void {
  if (first < 1)
    throw badUserInput("first", `Must be from 1 to ${limits.maxPageSize}; this is ${first}.`);
  if (first > limits.maxPageSize) {
    throw limitExceeded(
      "maxPageSize",
      limits.maxPageSize,
      `A page may have ${limits.maxPageSize} items; ask for the next with after: pageInfo.endCursor.`,
      "first",
    );
  }
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless a claim may last so long */
export function checkLeaseSeconds(limits: Limits, argument: string, leaseSeconds: number): void {
  const { maxLeaseSeconds } = limits;
  if (leaseSeconds < 1) {
    throw badUserInput(argument, `Must be at least 1; this is ${leaseSeconds}.`);
  }
  if (leaseSeconds > maxLeaseSeconds) {
    throw limitExceeded(
      "maxLeaseSeconds",
      maxLeaseSeconds,
      `A lease may have ${maxLeaseSeconds} seconds; renew it while you work.`,
      argument,
    );
  }
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless one call may wait so long */
export function checkAwaitSeconds(limits: Limits, timeoutSeconds: number): void {
  const { maxAwaitSeconds } = limits;
  if (timeoutSeconds < 0) {
    throw badUserInput("timeoutSeconds", `Must be 0 or more; this is ${timeoutSeconds}.`);
  }
  if (timeoutSeconds > maxAwaitSeconds) {
    throw limitExceeded(
      "maxAwaitSeconds",
      maxAwaitSeconds,
      `One call may wait ${maxAwaitSeconds} seconds; ask again after it.`,
      "timeoutSeconds",
    );
  }
}
