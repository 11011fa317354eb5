import { JsonText } from "../../json/json-text.ts";
import { canBeDeeperThan, kindOfText } from "../../json/value-parts.ts";
import { badUserInput, limitExceeded } from "../../errors.ts";
import { fold } from "../search/composed-text.ts";

/** How much a caller can send and request. Each limit is an option of the server; `options.ts` has the defaults. */
export interface Limits {
  /** The largest number of entries of one user's store; 0: no limit. The same holds for the next two. */
  readonly maxEntries: number;
  readonly maxNamespaces: number;
  readonly maxStoredMebibytes: number;
  /** The largest number of operations with idempotency keys per day for one user; 0: no limit. */
  readonly maxKeyedWritesPerDay: number;
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

/** A list with a filter examines more rows than a page contains. It reads them in short stretches, and keeps the matching ones. */
const examinedPages = 4;

/** Bytes of entries that one page, or claim, with a filter looks at. */
export function maxExaminedBytes({ maxPageBytes }: Limits): number {
  return examinedPages * maxPageBytes;
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid namespace */
export function checkNamespace(limits: Limits, argument: string, namespace: string): void {
  checkName(argument, namespace, "maxNamespaceBytes", limits.maxNamespaceBytes, "A namespace");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid key */
export function checkKey(limits: Limits, argument: string, key: string): void {
  checkName(argument, key, "maxKeyBytes", limits.maxKeyBytes, "A key");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid idempotency key */
export function checkIdempotencyKey(limits: Limits, argument: string, key: string): void {
  checkName(argument, key, "maxKeyBytes", limits.maxKeyBytes, "An idempotency key");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid path; empty is valid */
export function checkPath(limits: Limits, argument: string, path: string): void {
  if (path !== "") checkName(argument, path, "maxKeyBytes", limits.maxKeyBytes, "A path");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid user. It has the same limit as an agent name. */
export function checkUser(limits: Limits, argument: string, user: string): void {
  checkName(argument, user, "maxAgentBytes", limits.maxAgentBytes, "A user");
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid agent name */
export function checkAgent(limits: Limits, argument: string, agent: string): void {
  checkName(argument, agent, "maxAgentBytes", limits.maxAgentBytes, "An agent's name");
}

/** A trigram index cannot find shorter texts. */
export const minSearchCharacters = 3;

/**
 * Checks the text of a search, and folds it.
 * @throws BAD_USER_INPUT or LIMIT_EXCEEDED
 */
export function checkSearch({ maxSearchBytes }: Limits, argument: string, text: string): string {
  if (isLonger(text, maxSearchBytes)) {
    throw limitExceeded(
      "maxSearchBytes",
      maxSearchBytes,
      `The searched text can have at most ${maxSearchBytes} bytes of UTF-8; this one has ${shownBytes(text)}.`,
      argument,
    );
  }
  const folded = fold(text);
  if (Array.from(folded).length < minSearchCharacters) {
    throw badUserInput(
      argument,
      `The searched text must have at least ${minSearchCharacters} characters. ` +
        "To find a key by its first characters, use entries with keyPrefix.",
    );
  }
  return folded;
}

/** Checks a prefix like the namespace that it begins; it can be empty. */
export function checkNamespacePrefix(limits: Limits, argument: string, prefix: string): void {
  if (prefix !== "") checkNamespace(limits, argument, prefix);
}

/** Checks a prefix like the key that it begins; it can be empty. */
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
  // The fast path for most names: in printable ASCII, each character is one byte.
  if (text.length <= maxBytes && printableAscii.test(text)) return;
  if (text === "") throw badUserInput(argument, `${what} must not be empty.`);
  if (isLonger(text, maxBytes)) {
    throw limitExceeded(
      limit,
      maxBytes,
      `${what} can have at most ${maxBytes} bytes of UTF-8; this one has ${shownBytes(text)}.`,
      argument,
    );
  }
  const control = /\p{Cc}/u.exec(text);
  if (control) {
    const point = (control[0].codePointAt(0) as number).toString(16).padStart(4, "0");
    throw badUserInput(
      argument,
      `${what} must not contain control characters; this one contains U+${point}.`,
    );
  }
  if (!text.isWellFormed()) {
    throw badUserInput(
      argument,
      `${what} must be well-formed Unicode; this one contains a lone surrogate.`,
    );
  }
}

/** A longer text is not measured for a message: one operation can use it hundreds of times. In UTF-16 units. */
const maxMeasuredUnits = 16 * 1024;

/** Whether a text has more bytes in UTF-8. A UTF-16 unit takes at least one byte. */
function isLonger(text: string, maxBytes: number): boolean {
  return text.length > maxBytes || Buffer.byteLength(text) > maxBytes;
}

/** The size of a text, for a message. */
function shownBytes(text: string): string {
  return text.length > maxMeasuredUnits
    ? `at least ${text.length}`
    : String(Buffer.byteLength(text));
}

/**
 * Checks a value's size and depth.
 * @param json null for JSON's null, as GraphQL passes it
 * @throws LIMIT_EXCEEDED if it is too large or nested too deeply
 */
export function checkValue(limits: Limits, argument: string, json: JsonText | null): string {
  return checkJson(limits, "maxValueBytes", argument, "A value", json);
}

/** @throws BAD_USER_INPUT unless it is a JSON object; LIMIT_EXCEEDED if it is too large or nested too deeply */
export function checkMetadata(limits: Limits, argument: string, metadata: JsonText): string {
  const { text } = metadata;
  if (!text.startsWith("{")) {
    throw badUserInput(argument, `Metadata must be a JSON object; this is ${kindOfText(text)}.`);
  }
  return checkJson(limits, "maxMetadataBytes", argument, "Metadata", metadata);
}

/** @throws LIMIT_EXCEEDED */
export function checkMetadataBytes(limits: Limits, argument: string, text: string): string {
  checkBytes(limits, "maxMetadataBytes", argument, "Metadata", new JsonText(text));
  return text;
}

/** Checks the size first: the depth of a text that is too large takes long to find. */
function checkJson(
  limits: Limits,
  limit: "maxValueBytes" | "maxMetadataBytes",
  argument: string,
  what: string,
  json: JsonText | null,
): string {
  if (json === null) return "null";
  checkBytes(limits, limit, argument, what, json);
  checkDepth(limits, argument, json);
  return json.text;
}

function checkBytes(
  limits: Limits,
  limit: "maxValueBytes" | "maxMetadataBytes",
  argument: string,
  what: string,
  json: JsonText,
): void {
  const maxBytes = limits[limit];
  if (json.text.length <= maxBytes && json.sizeBytes <= maxBytes) return;
  throw limitExceeded(
    limit,
    maxBytes,
    `${what} can have at most ${maxBytes} bytes as JSON; this one has ${shownBytes(json.text)}.`,
    argument,
  );
}

/** @throws LIMIT_EXCEEDED */
export function checkDepth(
  { maxValueDepth }: Pick<Limits, "maxValueDepth">,
  argument: string,
  json: JsonText,
): void {
  if (!canBeDeeperThan(json.text, maxValueDepth) || json.depth <= maxValueDepth) return;
  throw limitExceeded(
    "maxValueDepth",
    maxValueDepth,
    `JSON can be nested at most ${maxValueDepth} levels deep; this is deeper.`,
    argument,
  );
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid page size */
export function checkPageSize(limits: Limits, first: number): void {
  if (first < 1)
    throw badUserInput("first", `Must be from 1 to ${limits.maxPageSize}; this is ${first}.`);
  if (first > limits.maxPageSize) {
    throw limitExceeded(
      "maxPageSize",
      limits.maxPageSize,
      `A page can have at most ${limits.maxPageSize} items. Request the next page with after: pageInfo.endCursor.`,
      "first",
    );
  }
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid length of a lease */
export function checkLeaseSeconds(limits: Limits, argument: string, leaseSeconds: number): void {
  const { maxLeaseSeconds } = limits;
  if (leaseSeconds < 1) {
    throw badUserInput(argument, `Must be at least 1; this is ${leaseSeconds}.`);
  }
  if (leaseSeconds > maxLeaseSeconds) {
    throw limitExceeded(
      "maxLeaseSeconds",
      maxLeaseSeconds,
      `A lease can last at most ${maxLeaseSeconds} seconds. Renew it while the work continues.`,
      argument,
    );
  }
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid delay; 0 is valid */
export function checkDelaySeconds(limits: Limits, argument: string, delaySeconds: number): void {
  const { maxLeaseSeconds } = limits;
  if (delaySeconds < 0) {
    throw badUserInput(argument, `Must be 0 (no delay) or more; this is ${delaySeconds}.`);
  }
  if (delaySeconds > maxLeaseSeconds) {
    throw limitExceeded(
      "maxLeaseSeconds",
      maxLeaseSeconds,
      `A delay can last at most ${maxLeaseSeconds} seconds, the longest lease.`,
      argument,
    );
  }
}

/** @throws BAD_USER_INPUT unless it is a valid number of attempts */
export function checkMaxAttempts(argument: string, maxAttempts: number): void {
  if (maxAttempts < 1) throw badUserInput(argument, `Must be at least 1; this is ${maxAttempts}.`);
}

/** @throws LIMIT_EXCEEDED if it is larger than metadata can be, or nested too deeply */
export function checkClaimError(limits: Limits, argument: string, error: JsonText): string {
  return checkJson(limits, "maxMetadataBytes", argument, "An error", error);
}

/**
 * Checks the value that a filter compares with.
 * @throws LIMIT_EXCEEDED if it is larger than metadata can be, or nested too deeply
 */
export function checkWhereValue(limits: Limits, argument: string, json: JsonText | null): string {
  return checkJson(limits, "maxMetadataBytes", argument, "The value of a filter", json);
}

/** @throws BAD_USER_INPUT or LIMIT_EXCEEDED unless it is a valid waiting time */
export function checkAwaitSeconds(limits: Limits, timeoutSeconds: number): void {
  const { maxAwaitSeconds } = limits;
  if (timeoutSeconds < 0) {
    throw badUserInput("timeoutSeconds", `Must be 0 or more; this is ${timeoutSeconds}.`);
  }
  if (timeoutSeconds > maxAwaitSeconds) {
    throw limitExceeded(
      "maxAwaitSeconds",
      maxAwaitSeconds,
      `One call can wait at most ${maxAwaitSeconds} seconds. Repeat the call to wait longer.`,
      "timeoutSeconds",
    );
  }
}
