import { limitExceeded } from "../errors.ts";
import { JsonError, unexpected } from "../json/json-error.ts";
import { afterWhitespace } from "../json/json-characters.ts";
import { JsonScanner, maxMembersInRequest } from "../json/json-scanner.ts";
import { decodeLongString, stepUnits, type Steps } from "../json/long-value-parts.ts";

/** The largest number of members of an envelope. Each of them is kept, and its name is compared with all others. */
export const maxMembers = 1_000;

/** The object of a request, with the text of each member. */
export interface Envelope {
  /** The text of each member, without whitespace. */
  readonly members: Map<string, string>;
  /** The requested member, as an envelope; null if it is not an object. */
  nested: Envelope | null;
  /**
   * The first error in each member that cannot be kept as it was sent, by the member's name. Members after one that is
   * nested too deep are missing.
   */
  readonly problems: Map<string, JsonError>;
  /** Whether reading stopped because a member is nested too deep. */
  isTooDeep: boolean;
  /** The end of its text. */
  end: number;
}

/**
 * Reads an object, and checks everything in it.
 * @param nested the name of the member that is read as an envelope too
 * @returns null if the text is JSON, but not an object
 * @throws JsonError if the text is not JSON
 * @throws LIMIT_EXCEEDED if an envelope has too many members
 */
export function* readEnvelope(text: string, nested?: string): Steps<Envelope | null> {
  const begin = afterWhitespace(text, 0);
  if (text[begin] !== "{") {
    yield* readText(text, begin);
    return null;
  }
  const envelope = yield* readObject(text, begin, nested);
  const end = afterWhitespace(text, envelope.end);
  if (end < text.length && !envelope.isTooDeep) throw unexpected(text, end, "the end");
  return envelope;
}

function* readObject(text: string, begin: number, nested?: string): Steps<Envelope> {
  const envelope: Envelope = {
    members: new Map(),
    nested: null,
    problems: new Map(),
    isTooDeep: false,
    end: begin,
  };
  let at = afterWhitespace(text, begin + 1);
  if (text[at] === "}") return { ...envelope, end: at + 1 };
  let pauseAt = at + stepUnits;
  for (let count = 1; ; count++) {
    if (count > maxMembers) {
      throw limitExceeded(
        "maxMembers",
        maxMembers,
        `The object of a request can have at most ${maxMembers} members.`,
      );
    }
    if (at >= pauseAt) {
      yield;
      pauseAt = at + stepUnits;
    }
    if (text[at] !== '"') throw unexpected(text, at, "a member's name in double quotes");
    const nameScanner = yield* readText(text, at);
    const name = yield* decodeLongString(nameScanner.compact());
    if (envelope.members.has(name)) {
      envelope.problems.set(
        name,
        new JsonError("It appears more than once in the request.", [name]),
      );
    }
    at = afterWhitespace(text, nameScanner.at);
    if (text[at] !== ":") throw unexpected(text, at, "a colon");
    at = yield* readMember(envelope, name, text, afterWhitespace(text, at + 1), nested === name);
    if (envelope.isTooDeep) return envelope;
    at = afterWhitespace(text, at);
    if (text[at] === "}") return Object.assign(envelope, { end: at + 1 });
    if (text[at] !== ",") throw unexpected(text, at, "a comma or }");
    at = afterWhitespace(text, at + 1);
  }
}

/** @returns the end of the member's value */
function* readMember(
  envelope: Envelope,
  name: string,
  text: string,
  at: number,
  isNested: boolean,
): Steps<number> {
  try {
    if (isNested && text[at] === "{") {
      const nested = yield* readObject(text, at);
      envelope.nested = nested;
      envelope.isTooDeep = nested.isTooDeep;
      envelope.members.set(name, "{}");
      return nested.end;
    }
    const scanner = yield* readText(text, at);
    envelope.members.set(name, scanner.compact());
    if (scanner.problem && !envelope.problems.has(name)) {
      envelope.problems.set(name, problemWithin(name, scanner.problem));
    }
    return scanner.at;
  } catch (error) {
    if (!(error instanceof JsonError && error.isTooDeep)) throw error;
    envelope.problems.set(name, problemWithin(name, error));
    envelope.isTooDeep = true;
    return at;
  }
}

/** The error of a member, with its place in the whole object. */
export function problemWithin(name: string, problem: JsonError): JsonError {
  return new JsonError(problem.reason, [name, ...problem.path], problem);
}

function* readText(text: string, at: number): Steps<JsonScanner> {
  const scanner = new JsonScanner(text, at, { maxMembers: maxMembersInRequest });
  while (!scanner.run(scanner.at + stepUnits)) yield;
  return scanner;
}
