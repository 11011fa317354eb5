import type { TokenAdministration } from "../auth/token-administration.ts";
import type { Feed } from "../feed/feed.ts";
import type { Call } from "../store/response-budget.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";

/** What every resolver is given. */
export interface Context extends Call {
  /** Aborts when the caller's token ends; its reason is the error. */
  readonly ended: AbortSignal;
  /** Whether the operation's complexity was checked already, when it was executed before. */
  readonly isWithinComplexity: boolean;
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
}
