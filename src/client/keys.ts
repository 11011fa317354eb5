/** The keys of a namespace's type: names, or templates such as `` `task:${string}` ``. */
export type KeyOf<T> = Extract<keyof T, string>;

/** The keys of a namespace's type that can begin with a prefix. */
export type KeyWith<T, P extends string> = KeyThatBegins<KeyOf<T>, P>;

/** The keys among `K` that can begin with a prefix. */
export type KeyThatBegins<K, P extends string> = K extends `${P}${string}`
  ? K
  : `${P}${string}` extends K
    ? K
    : never;

/** The union of the values of these keys. */
export type ValueWith<T, P extends string> = T[KeyWith<T, P>];
