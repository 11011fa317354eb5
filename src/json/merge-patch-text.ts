import { membersAt } from "./value-parts.ts";

interface MergedMember {
  readonly nameText: string;
  readonly value: string;
}

/**
 * Applies a JSON Merge Patch (RFC 7396): objects merge, `null` removes a member, anything else replaces. What the patch
 * does not name keeps its text and its place.
 * @param target the text of a `JsonText`; null where there is nothing
 * @param patch the text of a `JsonText`, as deep as values may be
 */
export function mergePatchText(target: string | null, patch: string): string {
  if (!patch.startsWith("{")) return patch;
  const merged = membersOf(target);
  for (const { name, nameText, begin, end } of membersAt(patch, 0)) {
    const value = patch.slice(begin, end);
    if (value === "null") {
      merged.delete(name);
      continue;
    }
    const before = merged.get(name);
    merged.set(name, {
      nameText: before?.nameText ?? nameText,
      value: mergePatchText(before?.value ?? null, value),
    });
  }
  return objectText(merged);
}

/** Replaces or adds members of an object, `null` too, and keeps the others. Both are texts of objects. */
export function mergeMembers(target: string, patch: string): string {
  const merged = membersOf(target);
  for (const { name, nameText, begin, end } of membersAt(patch, 0)) {
    merged.set(name, {
      nameText: merged.get(name)?.nameText ?? nameText,
      value: patch.slice(begin, end),
    });
  }
  return objectText(merged);
}

/** By name; none where there is no object. */
function membersOf(text: string | null): Map<string, MergedMember> {
  const members = new Map<string, MergedMember>();
  if (!text?.startsWith("{")) return members;
  for (const { name, nameText, begin, end } of membersAt(text, 0)) {
    members.set(name, { nameText, value: text.slice(begin, end) });
  }
  return members;
}

function objectText(members: Map<string, MergedMember>): string {
  const texts: string[] = [];
  for (const { nameText, value } of members.values()) texts.push(`${nameText}:${value}`);
  return `{${texts.join(",")}}`;
}
