import type { CallOptions, Connection, Operation } from "./connection.ts";
import { endable } from "./endable.ts";

interface Page<T> {
  readonly page: {
    readonly nodes: readonly T[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** The smallest `maxPageSize` that a server can have. A larger page can be refused. */
export const pageSize = 100;

/** Yields the items of a list, and reads pages on demand. */
export function items<Answered, T>(
  connection: Connection,
  { document, variables, call }: Operation,
  itemOf: (answered: Answered) => T,
  { signal }: CallOptions,
): AsyncGenerator<T, void> {
  return endable(async function* (link) {
    let after: string | null = null;
    for (;;) {
      const { page }: Page<Answered> = await connection.call(
        { document, variables: { first: pageSize, ...variables, after }, call },
        { signal: link },
      );
      for (const answered of page.nodes) yield itemOf(answered);
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return;
      after = page.pageInfo.endCursor;
    }
  }, signal);
}

/** Returns all items. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of list) found.push(item);
  return found;
}

/** Yields at most `limit` items. */
export function atMost<T>(limit: number, list: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let left = limit;
  const next = async (): Promise<IteratorResult<T, void>> => {
    if (left > 0) {
      left--;
      return list.next();
    }
    return list.return();
  };
  return { ...list, next };
}
