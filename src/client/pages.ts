import type { CallOptions, Connection } from "./connection.ts";

interface Page<T> {
  readonly page: {
    readonly nodes: readonly T[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** The least `maxPageSize` that a server can have: no other size is sure to be allowed. */
export const pageSize = 100;

/** The items of a list, page by page as they are asked for. */
export async function* items<T>(
  connection: Connection,
  document: string,
  variables: Readonly<Record<string, unknown>>,
  { signal }: CallOptions,
): AsyncGenerator<T, void> {
  let after: string | null = null;
  for (;;) {
    const { page }: Page<T> = await connection.call(
      { document, variables: { first: pageSize, ...variables, after } },
      { signal },
    );
    yield* page.nodes;
    if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return;
    after = page.pageInfo.endCursor;
  }
}
