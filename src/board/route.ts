import { computed, signal } from "@preact/signals";

/** The views of the board. */
export const places = ["entries", "activity", "work", "overview"] as const;
export type PlaceName = (typeof places)[number];

export interface Route {
  readonly place: PlaceName;
  readonly params: Readonly<Record<string, string>>;
}

// Every view of the board has its own address, after the `#`. Browsers never send that part, so names stay on this
// machine.

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export const route = computed<Route>(() => {
  const [path = "", search = ""] = hash.value.slice(1).split("?", 2);
  const place = places.find((name) => path === `/${name}`) ?? "entries";
  return { place, params: Object.fromEntries(new URLSearchParams(search)) };
});

/** Returns the address of a view. Empty parameters are omitted. */
export function hrefOf(
  place: PlaceName,
  params: Readonly<Record<string, string | null | undefined>> = {},
): string {
  const given = Object.entries(params).filter(
    (pair): pair is [string, string] => pair[1] !== null && pair[1] !== undefined && pair[1] !== "",
  );
  const search = new URLSearchParams(given).toString();
  return `#/${place}${search === "" ? "" : `?${search}`}`;
}

/** Opens a view. `replace` adds no step to the browser's history. */
export function go(
  place: PlaceName,
  params: Readonly<Record<string, string | null | undefined>> = {},
  replace = false,
): void {
  const href = hrefOf(place, params);
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  hash.value = href;
}

/** Follows a change of the address by the browser, such as Back. */
export function readAddress(): void {
  hash.value = location.hash;
}
addEventListener("popstate", readAddress);

/** Opens the same view with other parameters. */
export function withParams(
  changed: Readonly<Record<string, string | null | undefined>>,
  replace = false,
): void {
  const { place, params } = route.value;
  go(place, { ...params, ...changed }, replace);
}
