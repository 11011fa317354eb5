import type { ObjectRef } from "@pothos/core";
import { badUserInput, type BatonError } from "../errors.ts";
import { builder } from "./builder.ts";
import { listInPieces } from "./list-in-pieces.ts";

/** A page of a connection, as its resolver returns it. */
export interface Connection<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly cursorOf: (item: T) => string;
  /** Where the next page begins, of a list that a filter selects; null where nothing was looked at. */
  readonly end?: string | null;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

const pageInfoRef = builder.objectRef<PageInfo>("PageInfo").implement({
  description: "Where a page stands in its list. Lists are paged forward only.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", {
      description: "Whether more follow: ask again with `after: endCursor`.",
    }),
    endCursor: t.exposeString("endCursor", {
      nullable: true,
      description:
        "Where the next page begins: behind the last item or, with a filter, behind the last that it looked at. Null where there is neither.",
    }),
  }),
});

/** Defines the connection and edge types over a node type. */
export function connectionOf<T>(
  name: string,
  what: string,
  node: ObjectRef<typeof builder.$inferSchemaTypes, T>,
) {
  const edgeRef = builder.objectRef<{ node: T; cursor: string }>(`${name}Edge`).implement({
    description: `One of the ${what}, and its place in the list.`,
    fields: (t) => ({
      node: t.field({
        type: node,
        description: "The item.",
        // Pothos can't see that an unknown T is what a ref of T resolves to.
        resolve: (edge) => edge.node as never,
      }),
      cursor: t.exposeString("cursor", {
        description: "The item's place: a list asked for `after` it begins right behind.",
      }),
    }),
  });
  return builder.objectRef<Connection<T>>(`${name}Connection`).implement({
    description: `A page of ${what}.`,
    fields: (t) => ({
      nodes: t.field({
        type: [node],
        complexity: { field: 1, multiplier: 1 },
        description: "The items of this page.",
        // Pothos can't see that an unknown T is what a ref of T resolves to.
        resolve: (page, _args, context, info) => listInPieces(page.items, context, info) as never,
      }),
      edges: t.field({
        type: [edgeRef],
        complexity: { field: 1, multiplier: 1 },
        description: "The items of this page, each with its cursor.",
        resolve: (page, _args, context, info) => {
          const edges = page.items.map((item) => ({ node: item, cursor: page.cursorOf(item) }));
          return listInPieces(edges, context, info);
        },
      }),
      pageInfo: t.field({
        type: pageInfoRef,
        description: "Whether more follow, and from where.",
        resolve: (page) => {
          const last = page.items.at(-1);
          const lastCursor = last === undefined ? null : page.cursorOf(last);
          return {
            hasNextPage: page.hasMore,
            endCursor: page.end === undefined ? lastCursor : page.end,
          };
        },
      }),
    }),
  });
}

/** How many items a page has, unless its caller says. */
export const defaultPageSize = 100;

export const firstDescription = `At most how many; at least 1, and no more than the server's page limit (see \`viewer.limits\`). A page with large values may end earlier: \`pageInfo.hasNextPage\` tells.`;

/** What a field costs that asks the database, beside fields that only show what it answered. */
export const statementComplexity = 100;

/** What a list costs that a filter selects: it looks at many times as much as it shows. */
const filterComplexity = 10_000;

interface PageArguments {
  readonly first?: number | null | undefined;
  readonly where?: readonly unknown[] | null | undefined;
  /** A past state is put together of as much as a filter looks at. */
  readonly at?: bigint | null | undefined;
  /** Whether something else than `where` filters it. */
  readonly isFiltered?: boolean;
}

/** What a connection costs: a statement, and its items' fields as often as it may have items. */
export function pageComplexity({ first, where, at, isFiltered = false }: PageArguments) {
  return {
    field:
      isFiltered || at != null || (where?.length ?? 0) > 0 ? filterComplexity : statementComplexity,
    multiplier: Math.max(1, first ?? defaultPageSize),
  };
}

/** Opaque to callers: what comes back is checked before it is used. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Whether it may be in a cursor that was given out: PostgreSQL refuses a text with a NUL, and no name has one. */
function canBeName(part: string): boolean {
  return part.isWellFormed() && !part.includes("\0");
}

/** @throws BAD_USER_INPUT unless it is a cursor of as many parts */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    const isCursor =
      Array.isArray(parts) &&
      parts.length === length &&
      parts.every((part) => typeof part === "string");
    if (isCursor && parts.every(canBeName)) return parts as string[];
  } catch {
    // Not even JSON: refused below like any other text that is no cursor.
  }
  throw notOfThisList();
}

/** @throws BAD_USER_INPUT unless it is a cursor of a revision */
export function decodeRevisionCursor(cursor: string): bigint {
  const [revision = ""] = decodeCursor(cursor, 1);
  if (/^[1-9][0-9]{0,17}$/.test(revision)) return BigInt(revision);
  throw notOfThisList();
}

/** A cursor that is not one of the list it was given to. */
export function notOfThisList(): BatonError {
  return badUserInput(
    "after",
    "This is no cursor of this list; pass a pageInfo.endCursor of it unchanged.",
  );
}
