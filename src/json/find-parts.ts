import { decodeString, endOfString, endOfValue } from "./value-parts.ts";

/** A tree of the paths that one pass searches for. */
export interface PartTree {
  /** The index of the path that ends here; null: none. */
  readonly index: number | null;
  readonly children: ReadonlyMap<string, PartTree>;
  /** The last array item that is searched for; -1: none. */
  readonly lastItem: number;
}

/** @param paths results of `parseJsonPointer`, without duplicates */
export function partTree(paths: readonly (readonly string[])[]): PartTree {
  const indexes = paths.map((_, index) => index);
  return treeOf(paths, indexes, 0);
}

function treeOf(
  paths: readonly (readonly string[])[],
  indexes: readonly number[],
  depth: number,
): PartTree {
  const groups = new Map<string, number[]>();
  let own: number | null = null;
  for (const index of indexes) {
    const name = paths[index]?.[depth];
    if (name === undefined) own = index;
    else groups.set(name, [...(groups.get(name) ?? []), index]);
  }
  const children = new Map<string, PartTree>();
  for (const [name, below] of groups) children.set(name, treeOf(paths, below, depth + 1));
  const items = [...groups.keys()].filter((name) => /^(0|[1-9]\d{0,8})$/.test(name)).map(Number);
  return { index: own, children, lastItem: Math.max(-1, ...items) };
}

/**
 * Finds where each of the parts begins, in one pass for any number of parts.
 * @param json the text of a `JsonText`
 * @returns the positions by the index of the path; undefined if the part does not exist
 */
export function findParts(json: string, tree: PartTree): readonly (number | undefined)[] {
  const begins: (number | undefined)[] = [];
  find(json, 0, tree, begins);
  return begins;
}

/** Returns the end of the value that begins at `at`. */
function find(json: string, at: number, tree: PartTree, begins: (number | undefined)[]): number {
  if (tree.index !== null) begins[tree.index] = at;
  if (tree.children.size === 0) return endOfValue(json, at);
  if (json[at] === "{") return findMembers(json, at, tree, begins);
  if (json[at] === "[" && tree.lastItem >= 0) return findItems(json, at, tree, begins);
  return endOfValue(json, at);
}

function findMembers(
  json: string,
  at: number,
  { children }: PartTree,
  begins: (number | undefined)[],
): number {
  let left = children.size;
  let place = at + 1;
  while (json[place] !== "}") {
    if (left === 0) return endOfRest(json, place);
    if (json[place] === ",") place++;
    const nameEnd = endOfString(json, place);
    const child = children.get(decodeString(json.slice(place, nameEnd)));
    if (child) left--;
    place = child ? find(json, nameEnd + 1, child, begins) : endOfValue(json, nameEnd + 1);
  }
  return place + 1;
}

function findItems(
  json: string,
  at: number,
  { children, lastItem }: PartTree,
  begins: (number | undefined)[],
): number {
  let place = at + 1;
  for (let item = 0; json[place] !== "]"; item++) {
    if (item > lastItem) return endOfRest(json, place);
    if (json[place] === ",") place++;
    const child = children.get(String(item));
    place = child ? find(json, place, child, begins) : endOfValue(json, place);
  }
  return place + 1;
}

/** Returns the end of the object or array that contains `at`. */
function endOfRest(json: string, at: number): number {
  let depth = 1;
  for (let place = at; ;) {
    const code = json.charCodeAt(place);
    if (code === 0x22) place = endOfString(json, place);
    else {
      place++;
      if (code === 0x7b || code === 0x5b) depth++;
      else if ((code === 0x7d || code === 0x5d) && --depth === 0) return place;
    }
  }
}
