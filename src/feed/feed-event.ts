import type { ShownChange } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";

/** An event of a subscription. */
export type FeedEvent =
  | ShownChange
  /** An entry of the snapshot. */
  | { readonly kind: "EXISTING"; readonly entry: Entry }
  /** The snapshot is complete: the events before this one are the matching state as of the revision. */
  | { readonly kind: "CAUGHT_UP"; readonly revision: bigint; readonly epoch: string }
  /** Every matching change up to the revision was delivered. Only for subscribers that request bookmarks. */
  | { readonly kind: "BOOKMARK"; readonly revision: bigint; readonly epoch: string };
