import { forbidden } from "../../errors.ts";
import { formatGrant, parsePattern, scopes, type Grant, type Scope } from "./grant.ts";
import { compareText, exact, firstText, intersect, matches, type TextMatch } from "./text-match.ts";

/** The authenticated caller. */
export interface Viewer {
  readonly userId: string;
  /** The agent name that its changes are recorded with; null if it gave none. */
  readonly agent: string | null;
  /** Identifies its token in lists and logs. */
  readonly tokenId: string;
  readonly grants: readonly Grant[];
  /** The namespaces of each scope, derived from `grants`. */
  readonly reach: Reach;
}

/** The namespaces in which a caller has each scope: in their order, and none that another one contains. */
export type Reach = Readonly<Record<Scope, readonly TextMatch[]>>;

/** Returns the namespaces in which the grants give each scope. */
export function reachOf(grants: readonly Grant[]): Reach {
  const within = (scope: Scope) =>
    merged(
      grants
        .filter((grant) => grant.scopes.includes(scope))
        .map(({ namespacePattern }) => parsePattern(namespacePattern)),
    );
  return Object.fromEntries(scopes.map((scope) => [scope, within(scope)])) as unknown as Reach;
}

/** Sorts the matches, and removes those that another one contains. */
function merged(parts: TextMatch[]): TextMatch[] {
  const order = (one: TextMatch, other: TextMatch) =>
    compareText(firstText(one), firstText(other)) || (one.kind === "prefix" ? -1 : 1);
  const kept: TextMatch[] = [];
  // A prefix sorts right before everything that it contains.
  for (const part of parts.toSorted(order)) {
    const last = kept.at(-1);
    if (!last || !covers(last, part)) kept.push(part);
  }
  return kept;
}

// The two checks that decide access (G1): whether a viewer has a scope in a namespace, and in which namespaces it has
// it.

/** Whether the viewer has the scope in the namespace, or in all matching namespaces. */
export function may(viewer: Viewer, scope: Scope, where: string | TextMatch): boolean {
  const match = typeof where === "string" ? exact(where) : where;
  return viewer.reach[scope].some((part) => covers(part, match));
}

/** Returns the part of the requested namespaces in which the viewer has the scope, in order and without duplicates. */
export function permittedPart(viewer: Viewer, scope: Scope, asked: TextMatch): TextMatch[] {
  return viewer.reach[scope].map((part) => intersect(asked, part)).filter((part) => part !== null);
}

/** @throws FORBIDDEN unless the viewer has the scope in some namespace */
export function requireScope(viewer: Viewer, scope: Scope): void {
  if (viewer.reach[scope].length > 0) return;
  const has = viewer.grants.map(formatGrant).join("; ") || "none";
  throw forbidden(
    `This token does not have the scope ${scope}: its grants are ${has}. Use a token with a grant of ${scope}.`,
    { requiredScope: scope },
  );
}

/** @throws FORBIDDEN unless the viewer has the scope in the namespace */
export function requireNamespace(viewer: Viewer, scope: Scope, namespace: string): void {
  for (const part of viewer.reach[scope]) if (matches(part, namespace)) return;
  requireScope(viewer, scope);
  const name = JSON.stringify(namespace);
  const has = viewer.grants.map(formatGrant).join("; ");
  throw scopes.some((other) => may(viewer, other, namespace))
    ? forbidden(
        `This token does not have the scope ${scope} in namespace ${name}: its grants are ${has}.`,
        { namespace, requiredScope: scope },
      )
    : forbidden(`This token does not cover namespace ${name}: its grants are ${has}.`, {
        namespace,
      });
}

/** @throws FORBIDDEN unless the viewer has the scope in each of the namespaces */
export function requireAll(
  viewer: Viewer,
  scope: Scope,
  where: Iterable<string | TextMatch>,
): void {
  requireScope(viewer, scope);
  for (const one of where) {
    if (typeof one === "string") requireNamespace(viewer, scope, one);
    else if (!may(viewer, scope, one)) {
      const part = one.kind === "exact" ? "namespace" : "every namespace that begins with";
      const text = JSON.stringify(firstText(one));
      throw forbidden(`This token does not have the scope ${scope} in ${part} ${text}.`, {
        requiredScope: scope,
      });
    }
  }
}

function covers(wide: TextMatch, narrow: TextMatch): boolean {
  if (narrow.kind === "exact") return matches(wide, narrow.text);
  return wide.kind === "prefix" && narrow.prefix.startsWith(wide.prefix);
}
