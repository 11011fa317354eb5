import { stepUnits, type Steps } from "./long-value-parts.ts";
import { membersAt } from "./value-parts.ts";

interface MergedMember {
  readonly nameText: string;
  readonly value: string;
}

/** Members by name. */
type MergedMembers = Map<string, MergedMember>;

/**
 * Applies a JSON Merge Patch (RFC 7396): objects merge, `null` removes a member, and any other value replaces. Members that
 * the patch does not name keep their text and their place.
 * @param target the text of a `JsonText`; null if there is no value
 * @param patch the text of a `JsonText`, within the maximum depth of values
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

/**
 * Like `mergePatchText`, in steps.
 * @param wholeUnits the approximate UTF-16 units of one step; texts that are together shorter are merged in one step
 */
export function* mergeLongPatch(
  target: string | null,
  patch: string,
  wholeUnits = stepUnits,
): Steps<string> {
  if (!patch.startsWith("{")) return patch;
  if ((target?.length ?? 0) + patch.length <= wholeUnits) return mergePatchText(target, patch);
  const merged: MergedMembers = new Map();
  if (target?.startsWith("{")) {
    let until = wholeUnits;
    for (const { name, nameText, begin, end } of membersAt(target, 0)) {
      merged.set(name, { nameText, value: target.slice(begin, end) });
      if (end < until) continue;
      until = end + wholeUnits;
      yield;
    }
  }
  let until = wholeUnits;
  for (const { name, nameText, begin, end } of membersAt(patch, 0)) {
    const value = patch.slice(begin, end);
    if (value === "null") merged.delete(name);
    else {
      const before = merged.get(name);
      merged.set(name, {
        nameText: before?.nameText ?? nameText,
        value: yield* mergeLongPatch(before?.value ?? null, value, wholeUnits),
      });
    }
    if (end < until) continue;
    until = end + wholeUnits;
    yield;
  }
  return yield* longObjectText(merged, wholeUnits);
}

/** Replaces or adds members of an object, including `null`, and keeps the others. Both are texts of objects. */
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

/** Returns the members of an object; empty for other values. */
function membersOf(text: string | null): MergedMembers {
  const members: MergedMembers = new Map();
  if (!text?.startsWith("{")) return members;
  for (const { name, nameText, begin, end } of membersAt(text, 0)) {
    members.set(name, { nameText, value: text.slice(begin, end) });
  }
  return members;
}

function objectText(members: MergedMembers): string {
  const texts: string[] = [];
  for (const { nameText, value } of members.values()) texts.push(`${nameText}:${value}`);
  return `{${texts.join(",")}}`;
}

function* longObjectText(members: MergedMembers, wholeUnits: number): Steps<string> {
  const parts: string[] = [];
  let texts: string[] = [];
  let units = 0;
  for (const { nameText, value } of members.values()) {
    texts.push(`${nameText}:${value}`);
    units += nameText.length + value.length;
    if (units < wholeUnits) continue;
    parts.push(texts.join(","));
    texts = [];
    units = 0;
    yield;
  }
  if (texts.length > 0) parts.push(texts.join(","));
  return `{${parts.join(",")}}`;
}
