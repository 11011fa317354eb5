/** The namespace and key of an entry within one user's store. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
}

/** The place of an entry among all users. */
export interface UserPlace extends Place {
  readonly userId: string;
}

/**
 * Returns a text that identifies a place within one user's store. Names have no control characters, so it is unique.
 */
export function placeId({ namespace, key }: Place): string {
  return `${namespace}\u0000${key}`;
}

/** Like `placeId`, among all users. A user's name can have any character, so its length comes first. */
export function userPlaceId(userId: string, place: Place): string {
  return `${userId.length}:${userId}${placeId(place)}`;
}

/** Groups places by namespace, with each key once. */
export function placesByNamespace(places: readonly Place[]): Map<string, string[]> {
  const keys = new Map<string, Set<string>>();
  for (const { namespace, key } of places) {
    const known = keys.get(namespace);
    if (known) known.add(key);
    else keys.set(namespace, new Set([key]));
  }
  return new Map(Array.from(keys, ([namespace, own]) => [namespace, [...own]]));
}
