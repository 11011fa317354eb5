import { badUserInput, limitExceeded } from "../../errors.ts";
import { checkNamespace, type Limits } from "./limits.ts";
import { exact, prefixed, type TextMatch } from "./text-match.ts";

/** Selects namespaces by their segments: the parts of a name between delimiters. */
export interface NamespaceFilter {
  readonly delimiter: string;
  /** The pattern of the whole name; null for any name. `*` matches any one segment, `**` any number of segments. */
  readonly segments: readonly string[] | null;
  /** The pattern of the last segments; null for any. `*` matches any one segment. */
  readonly suffix: readonly string[] | null;
  /** The number of segments after which longer names are cut; null: names are not cut. */
  readonly depth: number | null;
}

export interface NamespaceFilterInput {
  readonly delimiter?: string | null | undefined;
  readonly segments?: readonly string[] | null | undefined;
  readonly suffix?: readonly string[] | null | undefined;
  readonly depth?: number | null | undefined;
}

export const defaultDelimiter = ":";
const anySegment = "*";
const anySegments = "**";

/**
 * Reads a filter; null if the input has none.
 * @throws BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function readNamespaceFilter(
  limits: Limits,
  { delimiter, segments, suffix, depth }: NamespaceFilterInput,
): NamespaceFilter | null {
  if (segments == null && suffix == null && depth == null) return null;
  const filter = {
    delimiter: delimiter ?? defaultDelimiter,
    segments: segments ?? null,
    suffix: suffix ?? null,
    depth: depth ?? null,
  };
  checkNamespace(limits, "delimiter", filter.delimiter);
  if (filter.segments) checkPattern(limits, "segments", filter.segments, filter.delimiter);
  if (filter.suffix) checkPattern(limits, "suffix", filter.suffix, filter.delimiter);
  if (filter.suffix?.includes(anySegments)) {
    throw badUserInput("suffix", "Cannot contain `**`: any segments can come before a suffix.");
  }
  if ((filter.segments?.filter((segment) => segment === anySegments).length ?? 0) > 1) {
    throw badUserInput("segments", "Can contain `**` at most once.");
  }
  if (filter.depth !== null && filter.depth < 1) {
    throw badUserInput("depth", `Must be at least 1; this is ${filter.depth}.`);
  }
  return filter;
}

function checkPattern(
  limits: Limits,
  argument: string,
  pattern: readonly string[],
  delimiter: string,
): void {
  if (pattern.length === 0) throw badUserInput(argument, "Must have at least one segment.");
  // A name of n bytes has at most n + 1 segments.
  const { maxNamespaceBytes } = limits;
  if (pattern.length > maxNamespaceBytes + 1) {
    throw limitExceeded(
      "maxNamespaceBytes",
      maxNamespaceBytes,
      `A namespace of ${maxNamespaceBytes} bytes cannot have ${pattern.length} segments.`,
      argument,
    );
  }
  pattern.forEach((segment, index) => {
    if (segment !== "") checkNamespace(limits, `${argument}.${index}`, segment);
    if (!segment.includes(delimiter)) return;
    throw badUserInput(
      `${argument}.${index}`,
      `Contains the delimiter, ${JSON.stringify(delimiter)}. Give each segment separately.`,
    );
  });
}

/** Returns a range of names that includes all names that match the filter. */
export function rangeOf({ segments, delimiter }: NamespaceFilter): TextMatch {
  if (segments === null) return prefixed("");
  const wild = segments.findIndex((segment) => segment === anySegment || segment === anySegments);
  if (wild === -1) return exact(segments.join(delimiter));
  const lead = segments.slice(0, wild).join(delimiter);
  return prefixed(wild > 0 && segments[wild] === anySegment ? lead + delimiter : lead);
}

/** Whether a name, as its segments, matches the filter. */
export function passes({ segments, suffix }: NamespaceFilter, name: readonly string[]): boolean {
  return (segments === null || isWhole(segments, name)) && (suffix === null || ends(suffix, name));
}

function isWhole(pattern: readonly string[], name: readonly string[]): boolean {
  const gap = pattern.indexOf(anySegments);
  if (gap === -1) return pattern.length === name.length && ends(pattern, name);
  const before = pattern.slice(0, gap);
  const after = pattern.slice(gap + 1);
  return (
    name.length >= before.length + after.length &&
    begins(before, name) &&
    (after.length === 0 || ends(after, name))
  );
}

function begins(pattern: readonly string[], name: readonly string[]): boolean {
  return pattern.every((segment, index) => segment === anySegment || segment === name[index]);
}

function ends(pattern: readonly string[], name: readonly string[]): boolean {
  const skipped = name.length - pattern.length;
  return skipped >= 0 && begins(pattern, name.slice(skipped));
}
