import type { DataStore, Revision } from "../../client/index.ts";

/** The input of `completeClaim`. Undefined members are not sent. */
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
 * Completes a claim that another process made. The client's `Claim` exists only in the process that made the claim.
 * @returns the revision of the entry
 * @throws ClaimLostError if the claim has ended
 */
export async function completeClaim(store: DataStore, input: Completion): Promise<Revision> {
  // A claim is completed only once, so its token serves as the idempotency key: a retry returns the first result.
  const variables = { input: { ...input, idempotencyKey: input.token } };
  const { completeClaim: payload } = await store.graphql<{
    readonly completeClaim: { readonly entry: { readonly revision: Revision } };
  }>(document, variables, { isRepeatable: true });
  return payload.entry.revision;
}
