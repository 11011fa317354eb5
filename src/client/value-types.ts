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

/** What the compiler's message shows where it refuses a value. */
type Refused = "JSON leaves this out or writes it as another type";

/** A type, unless JSON changes its values. */
type Kept<V> = true extends IsChanged<V> ? Refused : V;

/**
 * What may be stored where nobody knows the type of the values: not `undefined`, and nothing that JSON leaves out or
 * writes as something else, such as a function, a Map or a Date, at any depth. A generic function gives
 * `value as unknown`.
 */
export type StoredAny<Given> = unknown extends Given
  ? Given
  : undefined extends Given
    ? Refused
    : Kept<Given>;

/** What may be stored as a value of the type `V`: what is given, where `V` says nothing of what is inside. */
export type Stored<V, Given> = IsWide<V> extends true ? StoredAny<Given> : Kept<V>;

/** What may be returned as a value of the type `V`, by a promise or directly. */
export type StoredResult<V, Given> =
  IsWide<V> extends true
    ? [Awaited<Given>] extends [StoredAny<Awaited<Given>>]
      ? Given
      : Refused
    : Kept<V> | Promise<Kept<V>>;

/** An object's members, each as it may be stored. Of an object whose keys nobody knows, any key may be one of `T`. */
export type StoredMembers<T, Given> = {
  readonly [K in keyof Given]: K extends keyof T
    ? Stored<T[K], Given[K]>
    : string extends K
      ? Kept<Given[K]>
      : never;
};

/** Why work failed: an `Error`, whose text is kept, or what may be stored. */
export type StoredFailure<Given> = [Given] extends [Error | undefined] ? Given : StoredAny<Given>;

/** Members of an entry's metadata, by name. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Metadata, without members that JSON changes, such as a Date. */
export type StoredMetadata<M> = { readonly [K in keyof M]: Kept<M[K]> };

/** Whether a type says nothing of what is inside: `any`, `unknown`, `object` and `{}`. */
export type IsWide<V> = unknown extends V
  ? true
  : object extends V
    ? [keyof V] extends [never]
      ? true
      : false
    : false;

/** What may be merged into a value: any part of it, and null for a member that may be absent, which removes it. */
export type PatchOf<V, Given> = IsWide<V> extends true ? StoredAny<Given> : MergePatch<Kept<V>>;

/** A part of a value, at every depth; a list, and what has no members, is replaced as a whole. */
type MergePatch<V> = V extends Primitive | readonly unknown[]
  ? V
  : { readonly [M in keyof V]?: MergePatch<V[M]> | RemovalOf<V, M> };

/** Null, where the type without this member is the same type. */
type RemovalOf<V, M extends keyof V> = Record<never, never> extends Pick<V, M> ? null : never;

/** The items of a value that may be an array. */
export type ItemOf<V, Given> = unknown extends V
  ? StoredAny<Given>
  : Kept<Extract<V, readonly unknown[]>[number]>;

/** The keys of a namespace's type whose values may be of a type; those of values that nobody knows, too. */
type KeyWithValue<T, Type> = {
  [K in Extract<keyof T, string>]-?: unknown extends T[K]
    ? K
    : [Extract<T[K], Type>] extends [never]
      ? never
      : K;
}[Extract<keyof T, string>];

/** The keys whose values may be numbers. */
export type NumberKeyOf<T> = KeyWithValue<T, number | bigint>;

/** The keys whose values may be objects or arrays, which may have numbers inside. */
export type ContainerKeyOf<T> = KeyWithValue<T, object>;

/** The keys whose values may be arrays. */
export type ListKeyOf<T> = KeyWithValue<T, readonly unknown[]>;

/**
 * The keys of a namespace's type whose values may be stored. Not those of a type that JSON changes, such as one with a
 * Date: it would come back as another type.
 */
export type StoredKeyOf<T> = {
  [K in Extract<keyof T, string>]-?: IsWide<T[K]> extends true
    ? never
    : true extends IsChanged<T[K]>
      ? never
      : K;
}[Extract<keyof T, string>];
