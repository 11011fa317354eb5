import type { JsonText } from "../../json/json-text.ts";
import { isDeeperThan, kindOfText } from "../../json/value-parts.ts";
import { badUserInput, limitExceeded } from "../../errors.ts";
import { fold } from "../search/search-text.ts";

/** How much a caller may send and ask for. Each is an option of the server; see `config.ts` for defaults. */
export interface Limits {
  /** Entries that one user's store may hold; 0: any number. So with the next two. */
  readonly maxEntries: number;
  readonly maxNamespaces: number;
  readonly maxStoredMebibytes: number;
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
  readonly maxExaminedItems: number;
  readonly maxWhereConditions: number;
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

const printableAscii = /^[ -~]+$/;

function checkName(
  argument: string,
  text: string,
  limit: keyof Limits,
  maxBytes: number,
  what: string,
): void {
  // Most names are of these characters, each of which is one byte.
  if (text.length <= maxBytes && printableAscii.test(text)) return;
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
 * Checks a value's size and depth.
 * @param json null for JSON's null, as GraphQL gives it
 * @throws LIMIT_EXCEEDED when it is too deep or too large
 */
export function checkValue(limits: Limits, argument: string, json: JsonText | null): string {
  const text = json === null ? "null" : json.text;
  checkDepth(limits, argument, text);
  return checkBytes("maxValueBytes", limits.maxValueBytes, argument, "A value", text);
}

/** @throws BAD_USER_INPUT unless it is a JSON object; LIMIT_EXCEEDED when it is too deep or too large */
export function checkMetadata(limits: Limits, argument: string, metadata: JsonText): string {
  const { text } = metadata;
  if (!text.startsWith("{")) {
    throw badUserInput(argument, `Metadata must be a JSON object; this is ${kindOfText(text)}.`);
  }
  checkDepth(limits, argument, text);
  return checkMetadataBytes(limits, argument, text);
}

/** @throws LIMIT_EXCEEDED */
export function checkMetadataBytes(limits: Limits, argument: string, text: string): string {
  return checkBytes("maxMetadataBytes", limits.maxMetadataBytes, argument, "Metadata", text);
}

function checkBytes(
  limit: keyof Limits,
  maxBytes: number,
  argument: string,
  what: string,
  json: string,
): string {
  const bytes = Buffer.byteLength(json);
  if (bytes <= maxBytes) return json;
  throw limitExceeded(
    limit,
    maxBytes,
    `${what} may have ${maxBytes} bytes as JSON; this has ${bytes}.`,
    argument,
  );
}

/** @throws LIMIT_EXCEEDED */
export function checkDepth(
  { maxValueDepth }: Pick<Limits, "maxValueDepth">,
  argument: string,
  text: string,
): void {
  if (!isDeeperThan(text, maxValueDepth)) return;
  throw limitExceeded(
    "maxValueDepth",
    maxValueDepth,
    `JSON may be nested ${maxValueDepth} deep; this is deeper.`,
    argument,
  );
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

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless an entry may be kept back so long, which may be no time */
export function checkDelaySeconds(limits: Limits, argument: string, delaySeconds: number): void {
  const { maxLeaseSeconds } = limits;
  if (delaySeconds < 0) {
    throw badUserInput(argument, `Must be 0 (no delay) or more; this is ${delaySeconds}.`);
  }
  if (delaySeconds > maxLeaseSeconds) {
    throw limitExceeded(
      "maxLeaseSeconds",
      maxLeaseSeconds,
      `A delay may have ${maxLeaseSeconds} seconds, as a lease may.`,
      argument,
    );
  }
}

/** @throws BAD_USER_INPUT unless an entry may be claimed so often */
export function checkMaxAttempts(argument: string, maxAttempts: number): void {
  if (maxAttempts < 1) throw badUserInput(argument, `Must be at least 1; this is ${maxAttempts}.`);
}

/** @throws LIMIT_EXCEEDED when it is too deep, or larger than metadata may be */
export function checkClaimError(limits: Limits, argument: string, error: JsonText): string {
  checkDepth(limits, argument, error.text);
  const { maxMetadataBytes } = limits;
  return checkBytes("maxMetadataBytes", maxMetadataBytes, argument, "An error", error.text);
}

/**
 * What a filter compares values with.
 * @throws LIMIT_EXCEEDED when it is too deep, or larger than metadata may be
 */
export function checkWhereValue(limits: Limits, argument: string, json: JsonText | null): string {
  const text = json === null ? "null" : json.text;
  checkDepth(limits, argument, text);
  const { maxMetadataBytes } = limits;
  return checkBytes("maxMetadataBytes", maxMetadataBytes, argument, "The value of a filter", text);
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
