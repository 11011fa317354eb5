import type { ObjectRef } from "@pothos/core";
import { badUserInput, type BatonError } from "../errors.ts";
import { builder } from "./builder.ts";
import { listInPieces } from "./list-in-pieces.ts";

/** A page of a connection, as its resolver returns it. */
export interface Connection<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly cursorOf: (item: T) => string;
  /** The position where a filtered list continues; null if no item was examined. Undefined: after the last item. */
  readonly end?: string | null;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

const pageInfoRef = builder.objectRef<PageInfo>("PageInfo").implement({
  description: "The position of a page in its list. Lists are paged forward only.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", {
      description: "Whether the list has more items: request them with `after: endCursor`.",
    }),
    endCursor: t.exposeString("endCursor", {
      nullable: true,
      description:
        "The cursor for the next page. In a filtered list it can be after an item that the filter left out. Null if the page examined no item.",
    }),
  }),
});

/** The complexity of a page's list. The connection's `first` already multiplies it. */
const listOfPage = { field: 1, multiplier: 1 };

/** Defines the connection and edge types over a node type. */
export function connectionOf<T>(
  name: string,
  what: string,
  node: ObjectRef<typeof builder.$inferSchemaTypes, T>,
) {
  const edgeRef = builder.objectRef<{ node: T; cursor: string }>(`${name}Edge`).implement({
    description: `One of the ${what}, and its position in the list.`,
    fields: (t) => ({
      node: t.field({
        type: node,
        description: "The item.",
        // Pothos cannot infer that a ref of T resolves to an unknown T.
        resolve: (edge) => edge.node as never,
      }),
      cursor: t.exposeString("cursor", {
        description: "The item's position. Pass it as `after` to list the items after this one.",
      }),
    }),
  });
  return builder.objectRef<Connection<T>>(`${name}Connection`).implement({
    description: `A page of ${what}.`,
    fields: (t) => ({
      nodes: t.field({
        type: [node],
        complexity: listOfPage,
        description: "The items of this page.",
        // Pothos cannot infer that a ref of T resolves to an unknown T.
        resolve: (page, _args, context, info) => listInPieces(page.items, context, info) as never,
      }),
      edges: t.field({
        type: [edgeRef],
        complexity: listOfPage,
        description: "The items of this page, each with its cursor.",
        resolve: (page, _args, context, info) => {
          const edges = page.items.map((item) => ({ node: item, cursor: page.cursorOf(item) }));
          return listInPieces(edges, context, info);
        },
      }),
      pageInfo: t.field({
        type: pageInfoRef,
        description: "Whether the list has more items, and the cursor for them.",
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

/** The number of items of a page if the caller gives no `first`. */
export const defaultPageSize = 100;

export const firstDescription = `The maximum number of items: from 1 to the server's page limit (see \`viewer.limits\`). A page with large values can end earlier: check \`pageInfo.hasNextPage\`.`;

/** The complexity of a field that reads from the database. */
export const statementComplexity = 100;

/** The complexity of a filtered list, or of a count: it examines many more items than it shows. */
export const filterComplexity = 10_000;

interface PageArguments {
  readonly first?: number | null | undefined;
  readonly where?: readonly unknown[] | null | undefined;
  /** A state in the past: reading it examines as many rows as a filter does. */
  readonly at?: bigint | null | undefined;
  /** Whether the list has a filter other than `where`, or shows only some of the items that it examines. */
  readonly isFiltered?: boolean;
}

/** The complexity of a connection: one statement, and the fields of the largest possible number of items. */
export function pageComplexity({ first, where, at, isFiltered = false }: PageArguments) {
  return {
    field:
      isFiltered || at != null || (where?.length ?? 0) > 0 ? filterComplexity : statementComplexity,
    multiplier: Math.max(1, first ?? defaultPageSize),
  };
}

/** Encodes a cursor. It is opaque to clients, and decoding checks it. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Whether a part can come from a real cursor. No name has a NUL, and PostgreSQL refuses a text with one. */
function canBeName(part: string): boolean {
  return part.isWellFormed() && !part.includes("\0");
}

/**
 * Longer cursors are refused before they are decoded, because one operation can use a text hundreds of times. It is enough for
 * a namespace and a key of 12,000 bytes in total.
 */
const maxCursorUnits = 32 * 1024;

/** @throws BAD_USER_INPUT unless it is a cursor with `length` parts */
export function decodeCursor(cursor: string, length: number): string[] {
  if (cursor.length > maxCursorUnits) throw notOfThisList();
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    const isCursor =
      Array.isArray(parts) &&
      parts.length === length &&
      parts.every((part) => typeof part === "string");
    if (isCursor && parts.every(canBeName)) return parts as string[];
  } catch {
    // The text is not JSON: refused below, like any other invalid cursor.
  }
  throw notOfThisList();
}

/**
 * The name can be longer than the server's limit, because an import does not have that limit.
 * @throws BAD_USER_INPUT unless it is a cursor of a name
 */
export function decodeNameCursor(cursor: string): string {
  const [name = ""] = decodeCursor(cursor, 1);
  if (name === "") throw notOfThisList();
  return name;
}

/** @throws BAD_USER_INPUT unless it is a cursor of a revision */
export function decodeRevisionCursor(cursor: string): bigint {
  const [revision = ""] = decodeCursor(cursor, 1);
  if (/^[1-9][0-9]{0,17}$/.test(revision)) return BigInt(revision);
  throw notOfThisList();
}

/** The error for a cursor that does not belong to the list. */
export function notOfThisList(): BatonError {
  return badUserInput(
    "after",
    "Not a cursor of this list. Pass a `pageInfo.endCursor` of this list unchanged.",
  );
}
