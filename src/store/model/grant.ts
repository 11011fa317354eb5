import { checkNamespacePrefix, type Limits } from "./limits.ts";
import { badUserInput, limitExceeded } from "../../errors.ts";
import { exact, firstText, prefixed, type TextMatch } from "./text-match.ts";

export const scopes = ["read", "write", "claim", "admin"] as const;
/**
 * A permission in the namespaces of a grant.
 *
 * - `read`: queries and subscriptions, and the entries in a mutation's response.
 * - `write`: every mutation except those of claims and tokens.
 * - `claim`: claiming entries, and renewing, completing, releasing and failing these claims.
 * - `admin`: creating, listing and revoking tokens, if all their namespaces are among these.
 */
export type Scope = (typeof scopes)[number];

/** The permissions of a caller in some namespaces. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** A namespace, or a prefix followed by `*`; `*` alone is every namespace. */
  readonly namespacePattern: string;
}

/** The largest number of grants of one token. */
export const maxGrants = 100;

/** Reads a namespace pattern: a name, or a prefix followed by `*`. */
export function parsePattern(pattern: string): TextMatch {
  return pattern.endsWith("*") ? prefixed(pattern.slice(0, -1)) : exact(pattern);
}

/**
 * Reads a grant as `formatGrant` writes it: scopes, separated by commas, a space, and a namespace pattern.
 * @throws Error with a message that shows the correct form
 */
export function parseGrant(text: string): Grant {
  const [, list = "", namespacePattern = ""] = /^([\w,]+) (.+)$/s.exec(text) ?? [];
  const given = list.split(",");
  const unknown = given.find((scope) => !isScope(scope));
  if (list === "" || unknown !== undefined || invalidPatternReason(namespacePattern) !== null) {
    throw new Error(
      `${JSON.stringify(text)} is not a grant. Write scopes (${scopes.join(", ")}), a space, and a namespace or a prefix followed by *, such as "read,write files:*".`,
    );
  }
  return { scopes: scopes.filter((scope) => given.includes(scope)), namespacePattern };
}

/** Formats a grant as one line, such as `read,write files:*`. */
export function formatGrant({ scopes: given, namespacePattern }: Grant): string {
  return `${given.join(",")} ${namespacePattern}`;
}

/**
 * Returns the grants of a token whose scopes and namespaces are given separately: each scope in each of the namespaces.
 * Here `write` includes `claim`, as it did before grants existed.
 */
export function grantsOf(given: readonly Scope[], namespacePatterns: readonly string[]): Grant[] {
  const has = (scope: Scope) =>
    given.includes(scope) || (scope === "claim" && given.includes("write"));
  const all = scopes.filter(has);
  if (all.length === 0) return [];
  return namespacePatterns.map((namespacePattern) => ({ scopes: all, namespacePattern }));
}

/**
 * Checks the grants of a caller's input, and returns them with each scope once, in a fixed order.
 * @throws BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function checkGrants(limits: Limits, argument: string, grants: readonly Grant[]): Grant[] {
  if (grants.length === 0) throw badUserInput(argument, "Must have at least one grant.");
  if (grants.length > maxGrants) {
    throw limitExceeded(
      "maxGrants",
      maxGrants,
      `A token can have at most ${maxGrants} grants; this one has ${grants.length}. Use prefixes followed by *.`,
      argument,
    );
  }
  return grants.map((grant, index) => {
    const { namespacePattern } = grant;
    const path = `${argument}.${index}`;
    if (grant.scopes.length === 0) {
      throw badUserInput(`${path}.scopes`, "Must have at least one scope.");
    }
    const reason = invalidPatternReason(namespacePattern);
    if (reason !== null) throw badUserInput(`${path}.namespacePattern`, reason);
    const text = firstText(parsePattern(namespacePattern));
    checkNamespacePrefix(limits, `${path}.namespacePattern`, text);
    return { scopes: scopes.filter((scope) => grant.scopes.includes(scope)), namespacePattern };
  });
}

export function isScope(text: string): text is Scope {
  return scopes.some((known) => known === text);
}

/** Returns why a text is not a namespace pattern; null if it is one. */
export function invalidPatternReason(pattern: string): string | null {
  if (pattern !== "" && !pattern.slice(0, -1).includes("*")) return null;
  return `${JSON.stringify(pattern)} is not a namespace pattern. Use a namespace, or a prefix followed by *, such as files:*.`;
}
