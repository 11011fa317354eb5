/** Types that JSON omits or changes: a Date becomes a string, and a Map becomes `{}`. */
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

/** A type that defines its JSON form with `toJSON`, as Date does. */
type Converted = { readonly toJSON: (...parameters: never[]) => unknown };

/** A type without members. */
type Primitive = string | number | bigint | boolean | null | undefined;

/** Whether JSON changes a value of this type, checked to a limited depth, because types can be recursive. */
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

/** The type that the compiler's message shows when it rejects a value. */
type Refused = "JSON leaves this out or writes it as another type";

/** A type, unless JSON changes its values. */
type Kept<V> = true extends IsChanged<V> ? Refused : V;

/**
 * A value that can be stored in a namespace without a type: anything except `undefined`, and except types that JSON
 * omits or changes, such as a function, a Map or a Date, at any depth. In a generic function, pass `value as unknown`.
 */
export type StoredAny<Given> = unknown extends Given
  ? Given
  : undefined extends Given
    ? Refused
    : Kept<Given>;

/**
 * A value that can be stored as the type `V`. If `V` does not describe its members, the type of the given value is
 * checked.
 */
export type Stored<V, Given> = IsWide<V> extends true ? StoredAny<Given> : Kept<V>;

/** A result that can be stored as the type `V`, directly or as a promise. */
export type StoredResult<V, Given> =
  IsWide<V> extends true
    ? [Awaited<Given>] extends [StoredAny<Awaited<Given>>]
      ? Given
      : Refused
    : Kept<V> | Promise<Kept<V>>;

/**
 * The members of an object, each of a type that can be stored. If the keys of the object are unknown, any key can be
 * one of `T`.
 */
export type StoredMembers<T, Given> = {
  readonly [K in keyof Given]: K extends keyof T
    ? Stored<T[K], Given[K]>
    : string extends K
      ? Kept<Given[K]>
      : never;
};

/** The reason of a failure: an `Error`, whose text is recorded, or a value that can be stored. */
export type StoredFailure<Given> = [Given] extends [Error | undefined] ? Given : StoredAny<Given>;

/** Members of an entry's metadata, by name. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Metadata, without members that JSON changes, such as a Date. */
export type StoredMetadata<M> = { readonly [K in keyof M]: Kept<M[K]> };

/** Whether a type does not describe its members: `any`, `unknown`, `object` and `{}`. */
export type IsWide<V> = unknown extends V
  ? true
  : object extends V
    ? [keyof V] extends [never]
      ? true
      : false
    : false;

/** A patch of a value: any part of it. Null removes a member that is optional. */
export type PatchOf<V, Given> = IsWide<V> extends true ? StoredAny<Given> : MergePatch<Kept<V>>;

/** A part of a value, at every depth. Arrays and types without members are replaced as a whole. */
type MergePatch<V> = V extends Primitive | readonly unknown[]
  ? V
  : { readonly [M in keyof V]?: MergePatch<V[M]> | RemovalOf<V, M> };

/** Null if the member is optional. */
type RemovalOf<V, M extends keyof V> = Record<never, never> extends Pick<V, M> ? null : never;

/** The items of a value that can be an array. */
export type ItemOf<V, Given> = unknown extends V
  ? StoredAny<Given>
  : Kept<Extract<V, readonly unknown[]>[number]>;

/** The keys whose values can have a type. Includes keys whose values have an unknown type. */
type KeyWithValue<T, Type> = {
  [K in Extract<keyof T, string>]-?: unknown extends T[K]
    ? K
    : [Extract<T[K], Type>] extends [never]
      ? never
      : K;
}[Extract<keyof T, string>];

/** The keys whose values can be numbers. */
export type NumberKeyOf<T> = KeyWithValue<T, number | bigint>;

/** The keys whose values can be objects or arrays, which can contain numbers. */
export type ContainerKeyOf<T> = KeyWithValue<T, object>;

/** The keys whose values can be arrays. */
export type ListKeyOf<T> = KeyWithValue<T, readonly unknown[]>;

/**
 * The keys whose values can be stored. Excludes a type that JSON changes, such as one with a Date, because it would be
 * read as another type.
 */
export type StoredKeyOf<T> = {
  [K in Extract<keyof T, string>]-?: IsWide<T[K]> extends true
    ? never
    : true extends IsChanged<T[K]>
      ? never
      : K;
}[Extract<keyof T, string>];
