// The types use AsyncDisposable, which a program that targets ES2022 does not have.
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The client that an agent imports: `import { createDataStore } from "baton-store/client"`. It has no dependencies and
 * runs wherever `fetch` exists: Node 20.19 and later, Deno, Bun and browsers.
 *
 * @packageDocumentation
 */
export { createDataStore, DataStore } from "./data-store.ts";
export type { GraphqlOptions, NamespacesOptions } from "./data-store.ts";
export type { SearchMatch, SearchOptions, SearchResult } from "./search.ts";
export type { Grant, Limits, Usage, Viewer } from "./viewer.ts";
export { Namespace } from "./namespace.ts";
export type {
  AsOfOptions,
  CreateOptions,
  EntriesOptions,
  HistoryOptions,
  PrefixOptions,
} from "./namespace.ts";
export type { UpdateOptions } from "./update-entry.ts";
export type { KeyOf, KeyThatBegins, KeyWith, ValueWith } from "./keys.ts";
export { Transaction, TransactionPart } from "./transaction.ts";
export type { OperationResult, Requirement, TransactResult } from "./transaction.ts";
export { Claim } from "./claim.ts";
export type { ClaimOptions, CompleteOptions, FailOptions, ReleaseOptions } from "./claim.ts";
export type { DeadLetter } from "./dead-letter.ts";
export type { CallOptions } from "./connection.ts";
export type { ConnectionOptions, Retry } from "./connection-options.ts";
export type { Numbers } from "./json-codec.ts";
export type {
  AppendOptions,
  ConditionalWriteOptions,
  IncrementOptions,
  WriteOptions,
} from "./writes.ts";
export type {
  ContainerKeyOf,
  IsWide,
  ItemOf,
  ListKeyOf,
  Metadata,
  NumberKeyOf,
  PatchOf,
  Stored,
  StoredAny,
  StoredFailure,
  StoredKeyOf,
  StoredMembers,
  StoredMetadata,
  StoredResult,
} from "./value-types.ts";
export type { WaitOptions } from "./wait-for.ts";
export type { ValueCondition, WhereOptions } from "./where.ts";
export type { StoreWatchOptions, WatchOptions, WatchStart } from "./watch.ts";
export type { Entry, NamespaceInfo, Revision } from "./entry.ts";
export type { CaughtUp, Change, EntryGone, EntryWritten, NamespaceCleared } from "./change.ts";
export {
  BadResponseError,
  BadUserInputError,
  BatonError,
  ClaimLostError,
  ConflictError,
  ForbiddenError,
  InternalError,
  LimitExceededError,
  PayloadTooLargeError,
  RateLimitedError,
  RevisionCompactedError,
  TimeoutError,
  UnauthenticatedError,
  UnavailableError,
} from "./errors.ts";
export type { ErrorCode, ErrorDetails } from "./errors.ts";
