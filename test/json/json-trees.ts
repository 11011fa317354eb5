import fc from "fast-check";

/** A JSON value by its parts, before it is written as a text. */
export type Tree =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "string"; readonly units: string }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Tree])[] };

const numberText = fc.oneof(
  fc.constantFrom("0", "-0", "1.0", "1e400", "-1E-400", "12345678901234567890", "0.10", "1e+2"),
  fc.bigInt().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const name = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "1",
    "2",
    "__proto__",
    "constructor",
    "toJSON",
    "then",
    "",
    "\u0000",
    "ж",
  ),
  fc.string({ unit: "grapheme", maxLength: 4 }),
);

/** Random values, including unusual ones, without duplicate members. */
export const treeArbitrary: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc
      .oneof(numberText, fc.constantFrom("true", "false", "null"))
      .map((text) => ({ kind: "word" as const, text })),
    fc
      .string({ unit: "grapheme", maxLength: 100 })
      .map((units) => ({ kind: "string" as const, units })),
    fc.array(tie("tree"), { maxLength: 4 }).map((items) => ({ kind: "array" as const, items })),
    fc
      .uniqueArray(fc.tuple(name, tie("tree")), { selector: ([one]) => one, maxLength: 12 })
      .map((members) => ({ kind: "object" as const, members })),
  ),
})).tree;

/** The shortest text of a value. */
export function textOf(tree: Tree): string {
  switch (tree.kind) {
    case "word":
      return tree.text;
    case "string":
      return JSON.stringify(tree.units);
    case "array":
      return `[${tree.items.map(textOf).join(",")}]`;
    case "object":
      return `{${tree.members.map(([member, value]) => `${JSON.stringify(member)}:${textOf(value)}`).join(",")}}`;
  }
}

/** The text with whitespace wherever JSON allows it. `next` chooses it. */
export function spacedTextOf(tree: Tree, next: () => string): string {
  const inner = (): string => {
    switch (tree.kind) {
      case "array":
        return `[${next()}${tree.items.map((item) => spacedTextOf(item, next)).join(",")}]`;
      case "object":
        return `{${next()}${tree.members
          .map(
            ([member, value]) =>
              `${next()}${JSON.stringify(member)}${next()}:${spacedTextOf(value, next)}`,
          )
          .join(",")}}`;
      default:
        return textOf(tree);
    }
  };
  return `${next()}${inner()}${next()}`;
}

/** Follows RFC 7396 literally, on values by their parts. */
export function mergePatchTree(target: Tree | null, patch: Tree): Tree {
  if (patch.kind !== "object") return patch;
  const merged = new Map(target?.kind === "object" ? target.members : []);
  for (const [member, value] of patch.members) {
    if (value.kind === "word" && value.text === "null") merged.delete(member);
    else merged.set(member, mergePatchTree(merged.get(member) ?? null, value));
  }
  return { kind: "object", members: [...merged] };
}

/** The nesting depth of a value. */
export function treeDepth(tree: Tree): number {
  const children =
    tree.kind === "array"
      ? tree.items
      : tree.kind === "object"
        ? tree.members.map(([, value]) => value)
        : null;
  return children === null ? 0 : 1 + Math.max(0, ...children.map(treeDepth));
}
