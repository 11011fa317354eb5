import type { TokenTable } from "../store/contract.ts";
import { unauthenticated } from "../errors.ts";
import type { Authenticator } from "./authenticator.ts";
import { tokenFault } from "./token.ts";

/** How many tokens one statement looks up. */
const tokensPerRead = 500;

/** Ends the open subscriptions of tokens that have been revoked or have expired meanwhile. */
export async function endSubscriptions(
  tokens: TokenTable,
  authenticator: Authenticator,
): Promise<void> {
  const { tokenIds } = authenticator;
  for (let start = 0; start < tokenIds.length; start += tokensPerRead) {
    const asked = tokenIds.slice(start, start + tokensPerRead);
    const found = await tokens.find(asked);
    const now = new Date();
    for (const tokenId of asked) {
      const token = found.find((candidate) => candidate.tokenId === tokenId);
      const fault = token ? tokenFault(token, now) : "This token is not known here.";
      if (fault) authenticator.endToken(tokenId, unauthenticated(fault));
    }
  }
}
