/** The keys of a namespace's type: names, or templates such as `` `task:${string}` ``. */
export type KeyOf<T> = Extract<keyof T, string>;

/** The keys of a namespace's type that may begin with a prefix. */
export type KeyWith<T, P extends string> = KeyThatBegins<KeyOf<T>, P>;

/** Of these keys, those that may begin with a prefix. */
export type KeyThatBegins<K, P extends string> = K extends `${P}${string}`
  ? K
  : `${P}${string}` extends K
    ? K
    : never;

/** Any of the values of such keys. */
export type ValueWith<T, P extends string> = T[KeyWith<T, P>];

/** Lets no key pass that the namespace's type has not; of an object whose keys nobody knows, any. */
export type NoOtherKeys<T, V> = string extends keyof V
  ? unknown
  : { readonly [K in Exclude<keyof V, keyof T>]: never };
