import { forbidden } from "../../errors.ts";
import { formatGrant, parsePattern, scopes, type Grant, type Scope } from "./grant.ts";
import { exact, intersect, matches, type TextMatch } from "./text-match.ts";

/** The authenticated caller. */
export interface Viewer {
  readonly userId: string;
  /** The name its changes are recorded under; null when it said none. */
  readonly agent: string | null;
  /** Names its token in lists and logs. */
  readonly tokenId: string;
  readonly grants: readonly Grant[];
  /** The namespaces in which it has each scope, for the questions below. */
  readonly reach: Reach;
}

/** By scope, the namespaces that a caller has it in. */
export type Reach = Readonly<Record<Scope, readonly TextMatch[]>>;

/** The namespaces that some grants give each scope in. */
export function reachOf(grants: readonly Grant[]): Reach {
  const within = (scope: Scope) =>
    grants
      .filter((grant) => grant.scopes.includes(scope))
      .map(({ namespacePattern }) => parsePattern(namespacePattern));
  return Object.fromEntries(scopes.map((scope) => [scope, within(scope)])) as unknown as Reach;
}

// The two questions that decide about access (G1): may a viewer do this there, and where may it do this.

/** Whether the viewer has the scope in the namespace, or in all of the namespaces that are meant. */
export function may(viewer: Viewer, scope: Scope, where: string | TextMatch): boolean {
  const match = typeof where === "string" ? exact(where) : where;
  return viewer.reach[scope].some((part) => covers(part, match));
}

/** The part of the asked namespaces in which the viewer has the scope, without repeats. */
export function permittedPart(viewer: Viewer, scope: Scope, asked: TextMatch): TextMatch[] {
  const parts = viewer.reach[scope]
    .map((part) => intersect(asked, part))
    .filter((part) => part !== null);
  return parts.filter(
    (part, index) =>
      !parts.some(
        (other, at) => at !== index && covers(other, part) && (!covers(part, other) || at < index),
      ),
  );
}

/** @throws FORBIDDEN unless the viewer has the scope in some namespace */
export function requireScope(viewer: Viewer, scope: Scope): void {
  if (viewer.reach[scope].length > 0) return;
  const has = viewer.grants.map(formatGrant).join("; ") || "none";
  throw forbidden(
    `This token may not ${scope}: its grants are ${has}. Use one with a grant of ${scope}.`,
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
    ? forbidden(`This token may not ${scope} in namespace ${name}: its grants are ${has}.`, {
        namespace,
        requiredScope: scope,
      })
    : forbidden(`This token does not reach namespace ${name}: its grants are ${has}.`, {
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
      const meant = one.kind === "exact" ? "namespace" : "every namespace that begins with";
      const text = JSON.stringify(one.kind === "exact" ? one.text : one.prefix);
      throw forbidden(`This token may not ${scope} in ${meant} ${text}.`, { requiredScope: scope });
    }
  }
}

function covers(wide: TextMatch, narrow: TextMatch): boolean {
  if (narrow.kind === "exact") return matches(wide, narrow.text);
  return wide.kind === "prefix" && narrow.prefix.startsWith(wide.prefix);
}
