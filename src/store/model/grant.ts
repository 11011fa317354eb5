import { checkNamespacePrefix, type Limits } from "./limits.ts";
import { badUserInput, limitExceeded } from "../../errors.ts";
import { exact, prefixed, type TextMatch } from "./text-match.ts";

export const scopes = ["read", "write", "claim", "admin"] as const;
/**
 * What a grant allows in its namespaces.
 *
 * - `read`: queries and subscriptions, and the entries that a mutation's answer shows.
 * - `write`: every mutation but those of claims.
 * - `claim`: to claim entries, and to renew, complete, release and fail those claims.
 * - `admin`: to create, list and revoke the tokens that reach nothing outside of these namespaces.
 */
export type Scope = (typeof scopes)[number];

/** What a caller may do in some namespaces. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** A namespace, or a prefix followed by `*`; `*` alone is every namespace. */
  readonly namespacePattern: string;
}

/** Grants that one token may have. */
export const maxGrants = 100;

/** Reads a namespace pattern: a name, or a prefix followed by `*`. */
export function parsePattern(pattern: string): TextMatch {
  return pattern.endsWith("*") ? prefixed(pattern.slice(0, -1)) : exact(pattern);
}

/**
 * Reads a grant as `formatGrant` writes it: scopes, separated by commas, a space, and a namespace pattern.
 * @throws Error whose message says what would be right
 */
export function parseGrant(text: string): Grant {
  const [, list = "", namespacePattern = ""] = /^([\w,]+) (.+)$/s.exec(text) ?? [];
  const given = list.split(",");
  const unknown = given.find((scope) => !isScope(scope));
  if (list === "" || unknown !== undefined || patternFault(namespacePattern) !== null) {
    throw new Error(
      `${JSON.stringify(text)} is not a grant. Write scopes (${scopes.join(", ")}), a space, and a namespace or a prefix followed by *, such as "read,write files:*".`,
    );
  }
  return { scopes: scopes.filter((scope) => given.includes(scope)), namespacePattern };
}

/** A grant as one line, such as `read,write files:*`. */
export function formatGrant({ scopes: given, namespacePattern }: Grant): string {
  return `${given.join(",")} ${namespacePattern}`;
}

/**
 * The grants of a token whose scopes and namespaces are given apart: each scope in each of the namespaces. Here `write`
 * includes `claim`, as it did before there were grants.
 */
export function grantsOf(given: readonly Scope[], namespacePatterns: readonly string[]): Grant[] {
  const has = (scope: Scope) =>
    given.includes(scope) || (scope === "claim" && given.includes("write"));
  const all = scopes.filter(has);
  if (all.length === 0) return [];
  return namespacePatterns.map((namespacePattern) => ({ scopes: all, namespacePattern }));
}

/**
 * Grants as a caller gives them, each scope once, in one order.
 * @throws BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function checkGrants(limits: Limits, argument: string, grants: readonly Grant[]): Grant[] {
  if (grants.length === 0) throw badUserInput(argument, "Must have at least one grant.");
  if (grants.length > maxGrants) {
    throw limitExceeded(
      "maxGrants",
      maxGrants,
      `A token may have ${maxGrants} grants; these are ${grants.length}. Use prefixes followed by *.`,
      argument,
    );
  }
  return grants.map((grant, index) => {
    const { namespacePattern } = grant;
    const path = `${argument}.${index}`;
    if (grant.scopes.length === 0) {
      throw badUserInput(`${path}.scopes`, "Must have at least one scope.");
    }
    const fault = patternFault(namespacePattern);
    if (fault !== null) throw badUserInput(`${path}.namespacePattern`, fault);
    const match = parsePattern(namespacePattern);
    const text = match.kind === "exact" ? match.text : match.prefix;
    checkNamespacePrefix(limits, `${path}.namespacePattern`, text);
    return { scopes: scopes.filter((scope) => grant.scopes.includes(scope)), namespacePattern };
  });
}

export function isScope(text: string): text is Scope {
  return scopes.some((known) => known === text);
}

/** Why the text is not a namespace pattern; null if it is one. */
export function patternFault(pattern: string): string | null {
  if (pattern !== "" && !pattern.slice(0, -1).includes("*")) return null;
  return `${JSON.stringify(pattern)} is not a namespace pattern. Use a namespace, or a prefix followed by *, such as files:*.`;
}
