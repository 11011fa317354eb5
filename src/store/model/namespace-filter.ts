import { badUserInput, limitExceeded } from "../../errors.ts";
import { checkNamespace, type Limits } from "./limits.ts";
import { exact, prefixed, type TextMatch } from "./text-match.ts";

/** Which namespaces, by their segments: the parts of a name between delimiters. */
export interface NamespaceFilter {
  readonly delimiter: string;
  /** What the whole name must be; null for any name. `*` is any one segment, `**` any number of them. */
  readonly segments: readonly string[] | null;
  /** What the last segments must be; null for any. `*` is any one segment. */
  readonly suffix: readonly string[] | null;
  /** Names with more segments are cut after so many; null leaves them whole. */
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
 * Null for an input that asks for no filter.
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
    throw badUserInput("suffix", "Takes no `**`: what comes before the suffix may be anything.");
  }
  if ((filter.segments?.filter((segment) => segment === anySegments).length ?? 0) > 1) {
    throw badUserInput("segments", "May have one `**`.");
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
  if (pattern.length === 0) throw badUserInput(argument, "Must hold at least one segment.");
  // A name of so many bytes has one segment more at most.
  const { maxNamespaceBytes } = limits;
  if (pattern.length > maxNamespaceBytes + 1) {
    throw limitExceeded(
      "maxNamespaceBytes",
      maxNamespaceBytes,
      `A namespace of ${maxNamespaceBytes} bytes has no ${pattern.length} segments.`,
      argument,
    );
  }
  pattern.forEach((segment, index) => {
    if (segment !== "") checkNamespace(limits, `${argument}.${index}`, segment);
    if (!segment.includes(delimiter)) return;
    throw badUserInput(
      `${argument}.${index}`,
      `Holds the delimiter, ${JSON.stringify(delimiter)}. Give each segment on its own.`,
    );
  });
}

/** A range of names that has all that the filter lets pass. */
export function rangeOf({ segments, delimiter }: NamespaceFilter): TextMatch {
  if (segments === null) return prefixed("");
  const wild = segments.findIndex((segment) => segment === anySegment || segment === anySegments);
  if (wild === -1) return exact(segments.join(delimiter));
  const lead = segments.slice(0, wild).join(delimiter);
  return prefixed(wild > 0 && segments[wild] === anySegment ? lead + delimiter : lead);
}

/** Whether the filter lets a name pass. */
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
