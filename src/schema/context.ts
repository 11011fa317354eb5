import type { TokenAdministration } from "../auth/token-administration.ts";
import type { Feed } from "../feed/feed.ts";
import type { Call } from "../store/response-budget.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";

/** The context that every resolver receives. */
export interface Context extends Call {
  /** Aborts when the caller's token expires or is revoked; the abort reason is the error. */
  readonly ended: AbortSignal;
  /** Whether the operation's complexity was already checked, in an earlier execution. */
  readonly isWithinComplexity: boolean;
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
}
