import { grantsOf, type Scope } from "../src/store/model/grant.ts";
import { reachOf, type Viewer } from "../src/store/model/viewer.ts";

/** The viewer of a token with these scopes in these namespaces. */
export function viewerWith(
  userId: string,
  agent: string | null,
  scopes: readonly Scope[] = ["read", "write"],
  namespacePatterns: readonly string[] = ["*"],
): Viewer {
  const grants = grantsOf(scopes, namespacePatterns);
  return { userId, agent, tokenId: "tok_test", grants, reach: reachOf(grants) };
}
