import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";

/** What was found before. GraphQL passes the same array of nodes to each item of a list. */
const known = new WeakMap<readonly FieldNode[], Map<string, boolean>>();

/** Whether an operation asks for this field of what a resolver is about to return. */
export function selectsField(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, false);
}

/** Whether it asks for a field of this name there, or anywhere below. */
export function selectsWithin(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, true);
}

function selects(info: GraphQLResolveInfo, name: string, isDeep: boolean): boolean {
  let answers = known.get(info.fieldNodes);
  if (!answers) known.set(info.fieldNodes, (answers = new Map()));
  const question = isDeep ? `…${name}` : name;
  let answer = answers.get(question);
  if (answer === undefined) answers.set(question, (answer = search(info, name, isDeep)));
  return answer;
}

/** Looks at each fragment once, however often it is spread. */
function search(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  name: string,
  isDeep: boolean,
): boolean {
  const visited = new Set<string>();
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return selection.name.value === name || (isDeep && within(selection.selectionSet));
        case Kind.INLINE_FRAGMENT:
          return within(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD: {
          const fragment = selection.name.value;
          if (visited.has(fragment)) return false;
          visited.add(fragment);
          return within(fragments[fragment]?.selectionSet);
        }
      }
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}

/** How many fields an operation asks for of each item of a list, at least. */
export function fieldsOfItem({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  let count = counts.get(fieldNodes);
  if (count !== undefined) return count;
  count = 0;
  const visited = new Set<string>();
  const countIn = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind !== Kind.FRAGMENT_SPREAD) {
        if (selection.kind === Kind.FIELD) count = (count ?? 0) + 1;
        countIn(selection.selectionSet);
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        countIn(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of fieldNodes) countIn(selectionSet);
  counts.set(fieldNodes, count);
  return count;
}

const counts = new WeakMap<readonly FieldNode[], number>();
