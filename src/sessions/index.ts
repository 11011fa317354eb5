/**
 * Sessions of agent SDKs in Baton: `import { BatonSession, BatonSessionStore } from "baton-store/sessions"`. They need no
 * package: each has the methods that its SDK requires.
 *
 * @packageDocumentation
 */
export { BatonSession } from "./baton-session.ts";
export type { BatonSessionOptions, HistoryTransaction } from "./baton-session.ts";
export { BatonSessionStore } from "./baton-session-store.ts";
export type {
  BatonSessionStoreOptions,
  FoldSessionSummary,
  SessionKey,
  SessionStoreEntry,
  SessionSummaryEntry,
} from "./baton-session-store.ts";
