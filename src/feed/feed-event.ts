import type { ShownChange } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";

/** What a subscription delivers. */
export type FeedEvent =
  | ShownChange
  /** An entry of the snapshot. */
  | { readonly kind: "EXISTING"; readonly entry: Entry }
  /** The snapshot is complete: the events before this one are the matching state as of the revision. */
  | { readonly kind: "CAUGHT_UP"; readonly revision: bigint; readonly epoch: string }
  /** Every matching change up to the revision was delivered. Sent only to who asks for it. */
  | { readonly kind: "BOOKMARK"; readonly revision: bigint; readonly epoch: string };
