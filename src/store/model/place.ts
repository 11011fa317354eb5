/** Names an entry within one user's store. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
}

/** Names an entry among all users. */
export interface UserPlace extends Place {
  readonly userId: string;
}

/** A text that identifies a place within one user's store. Names hold no control characters, so it is unambiguous. */
export function placeId({ namespace, key }: Place): string {
  return `${namespace}\u0000${key}`;
}

/** Like `placeId`, among all users. A user's name may hold any character, so its length comes first. */
export function userPlaceId(userId: string, place: Place): string {
  return `${userId.length}:${userId}${placeId(place)}`;
}

/** The keys of each namespace, each once. */
export function placesByNamespace(places: readonly Place[]): Map<string, string[]> {
  const keys = new Map<string, Set<string>>();
  for (const { namespace, key } of places) {
    const known = keys.get(namespace);
    if (known) known.add(key);
    else keys.set(namespace, new Set([key]));
  }
  return new Map(Array.from(keys, ([namespace, own]) => [namespace, [...own]]));
}
