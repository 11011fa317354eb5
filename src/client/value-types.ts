/** What JSON leaves out, or says as something else: a Date becomes a string, a Map `{}`. */
type NotJson =
  | ((...parameters: never[]) => unknown)
  | symbol
  | Converted
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | PromiseLike<unknown>
  | ArrayBufferView
  | ArrayBuffer
  | RegExp
  | Error;

/** What says itself how JSON writes it, as a Date does. */
type Converted = { readonly toJSON: (...parameters: never[]) => unknown };

/** What has no members. */
type Primitive = string | number | bigint | boolean | null | undefined;

/** Whether JSON changes a value of this type, down to a depth that spares the compiler recursive types. */
type IsChanged<V, Depth extends 0[] = []> = unknown extends V
  ? false
  : V extends Primitive
    ? false
    : V extends NotJson
      ? true
      : Depth["length"] extends 5
        ? false
        : V extends readonly (infer Item)[]
          ? IsChanged<Item, [...Depth, 0]>
          : V extends object
            ? true extends { [M in keyof V]-?: IsChanged<V[M], [...Depth, 0]> }[keyof V]
              ? true
              : false
            : false;

/** A type, unless JSON changes its values. */
type Kept<V> = true extends IsChanged<V> ? never : V;

/**
 * What may be stored where nobody knows the type of the values: not a Date, nor another object that JSON writes as
 * something else. A generic function gives `value as unknown`.
 */
export type StoredAny<Given> = unknown extends Given
  ? Given
  : Given extends Converted
    ? never
    : Given;

/** What may be merged into a value: any part of it, and null for a member that may be absent, which removes it. */
export type PatchOf<V> = unknown extends V ? never : MergePatch<Kept<V>>;

/** A part of a value, at every depth; a list, and what has no members, is replaced as a whole. */
type MergePatch<V> = V extends Primitive | readonly unknown[]
  ? V
  : { readonly [M in keyof V]?: MergePatch<V[M]> | RemovalOf<V, M> };

/** Null, where the type without this member is the same type. */
type RemovalOf<V, M extends keyof V> = Record<never, never> extends Pick<V, M> ? null : never;

/** The items of a value that may be an array. */
export type ItemOf<V> = unknown extends V ? never : Kept<Extract<V, readonly unknown[]>[number]>;

/** The keys of a namespace's type whose values may be of a type; those of values that nobody knows, too. */
type KeyWithValue<T, Type> = {
  [K in Extract<keyof T, string>]-?: unknown extends T[K]
    ? K
    : [Extract<T[K], Type>] extends [never]
      ? never
      : K;
}[Extract<keyof T, string>];

/** The keys whose values are of a type that nobody knows. */
export type OpenKeyOf<T> = KeyWithValue<T, never>;

/**
 * The keys of a namespace's type whose values may be stored. Not those of a type that JSON changes, such as one with a
 * Date: it would come back as another type.
 */
export type StoredKeyOf<T> = {
  [K in Extract<keyof T, string>]-?: unknown extends T[K]
    ? never
    : true extends IsChanged<T[K]>
      ? never
      : K;
}[Extract<keyof T, string>];

/** The keys whose values may be numbers. */
export type NumberKeyOf<T> = KeyWithValue<T, number | bigint>;

/** The keys whose values may be objects or arrays, which may have numbers inside. */
export type ContainerKeyOf<T> = KeyWithValue<T, object>;

/** The keys whose values may be arrays. */
export type ListKeyOf<T> = KeyWithValue<T, readonly unknown[]>;
