import type { DataStore, Entry, ValueCondition } from "../../client/index.ts";

/** An entry without its value, which can be large. Times are RFC 3339 text. */
export type ListedEntry = Omit<Entry, "value" | "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
};

interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  readonly where?: readonly ValueCondition[] | undefined;
}

interface Page {
  readonly page: {
    readonly nodes: readonly ListedEntry[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

const document = `query ($namespace: String!, $keyPrefix: String, $after: String, $where: [ValueCondition!]) {
  page: entries(namespace: $namespace, keyPrefix: $keyPrefix, first: 100, after: $after, where: $where) {
    nodes {
      namespace key metadata revision createdRevision createdAt updatedAt createdBy updatedBy expiresAt sizeBytes
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** The entries of a namespace without their values, sorted by key. A page is read when its first entry is requested. */
export async function* listKeys(
  store: DataStore,
  namespace: string,
  keyPrefix: string,
  { signal, where }: ListOptions = {},
): AsyncGenerator<ListedEntry, void> {
  let after: string | undefined;
  for (;;) {
    const variables: Readonly<Record<string, unknown>> = { namespace, keyPrefix, after, where };
    const { page }: Page = await store.graphql<Page>(document, variables, { signal });
    yield* page.nodes;
    if (!page.pageInfo.hasNextPage) return;
    after = page.pageInfo.endCursor;
  }
}
