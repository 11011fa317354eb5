import type { DataStore, Revision } from "../../client/index.ts";

/** What a completion writes. A member that is undefined is not sent. */
export interface Completion {
  readonly namespace: string;
  readonly key: string;
  /** The claim's token. */
  readonly token: string;
  readonly value?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly ttlSeconds?: number | undefined;
}

const document = `mutation complete($input: CompleteClaimInput!) {
  completeClaim(input: $input) { entry { revision } }
}`;

/**
 * Completes a claim that another process has made: the client's own `Claim` lives in the process that made it.
 * @returns the revision of the entry
 * @throws ClaimLostError when the claim is over
 */
export async function completeClaim(store: DataStore, input: Completion): Promise<Revision> {
  // A claim is completed once, so its token can name the write: sent again, it is answered as the first time.
  const variables = { input: { ...input, idempotencyKey: input.token } };
  const { completeClaim: payload } = await store.graphql<{
    readonly completeClaim: { readonly entry: { readonly revision: Revision } };
  }>(document, variables, { isRepeatable: true });
  return payload.entry.revision;
}
