import type { PageBounds } from "./contract.ts";
import type { FilterBounds } from "./filter-page.ts";
import { maxExaminedBytes, type Limits } from "./model/limits.ts";

/** The bounds of a page of at most `first` items. */
export function pageBounds({ maxPageBytes }: Limits, first: number): PageBounds {
  return { maxItems: first, maxBytes: maxPageBytes };
}

/** The bounds of a filtered page, which also limit the items that it examines. */
export function filterBounds(
  limits: Limits,
  userId: string,
  first: number,
  closed: AbortSignal | null,
): FilterBounds {
  const { maxExaminedItems } = limits;
  const examined = { maxExaminedItems, maxExaminedBytes: maxExaminedBytes(limits) };
  return { userId, ...pageBounds(limits, first), ...examined, closed };
}
