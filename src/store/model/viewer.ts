import { forbidden } from "../../errors.ts";
import { exact, intersect, matches, prefixed, type TextMatch } from "./text-match.ts";

export const scopes = ["read", "write"] as const;
/** What a token may do. */
export type Scope = (typeof scopes)[number];

/** The authenticated caller. */
export interface Viewer {
  readonly userId: string;
  /** The name its changes are recorded under; null when it said none. */
  readonly agent: string | null;
  readonly scopes: readonly Scope[];
  /** `pipeline:*` or `pipeline:job-1`; `["*"]` is every namespace. */
  readonly namespacePatterns: readonly string[];
}

/** The pattern that covers every namespace. */
const everyNamespace = "*";

/** Reads a namespace pattern: a name, or a prefix followed by `*`. */
export function parsePattern(pattern: string): TextMatch {
  return pattern.endsWith("*") ? prefixed(pattern.slice(0, -1)) : exact(pattern);
}

/** @throws FORBIDDEN unless the viewer has the scope */
export function requireScope(viewer: Viewer, scope: Scope): void {
  if (viewer.scopes.includes(scope)) return;
  throw forbidden(
    `This token may not ${scope}: its scopes are ${viewer.scopes.join(", ") || "none"}. Use one created with --scope ${[...viewer.scopes, scope].toSorted().join(",")}.`,
    { requiredScope: scope },
  );
}

/** @throws FORBIDDEN unless one of the viewer's patterns covers the namespace */
export function requireNamespace(viewer: Viewer, namespace: string): void {
  const isCovered = (pattern: string) =>
    pattern === everyNamespace || matches(parsePattern(pattern), namespace);
  if (viewer.namespacePatterns.some(isCovered)) return;
  throw forbidden(
    `This token does not reach namespace ${JSON.stringify(namespace)}: it covers ${viewer.namespacePatterns.join(", ")}.`,
    { namespace },
  );
}

/** The viewer's part of the asked namespaces, without repeats. */
export function permittedPart(viewer: Viewer, asked: TextMatch): TextMatch[] {
  const parts = viewer.namespacePatterns
    .map((pattern) => intersect(asked, parsePattern(pattern)))
    .filter((part) => part !== null);
  return parts.filter(
    (part, index) =>
      !parts.some(
        (other, at) => at !== index && covers(other, part) && (!covers(part, other) || at < index),
      ),
  );
}

function covers(wide: TextMatch, narrow: TextMatch): boolean {
  if (narrow.kind === "exact") return matches(wide, narrow.text);
  return wide.kind === "prefix" && narrow.prefix.startsWith(wide.prefix);
}
