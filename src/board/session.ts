import { signal } from "@preact/signals";
import { createDataStore, UnauthenticatedError, type DataStore } from "../client/index.ts";

// The person who uses the board. The token is in this tab's sessionStorage, which GraphiQL at /graphql shares: a reload
// keeps it, and closing the tab deletes it. It is sent only in a header.

const tokenKey = "baton:token";
/** The agent of the person's changes, if the token names no agent. */
const boardAgent = "board";
/** The delay before a server that could not be reached is tried again. */
const retryMs = 2_000;

export type Scope = "READ" | "WRITE" | "CLAIM" | "ADMIN";

/** The token's user, agent and permissions. */
export interface BoardViewer {
  readonly user: string;
  readonly agent: string | null;
  readonly scopes: readonly Scope[];
  readonly namespacePatterns: readonly string[];
  readonly grants: readonly {
    readonly namespacePattern: string;
    readonly scopes: readonly Scope[];
  }[];
  readonly limits: { readonly maxValueBytes: number; readonly maxPageSize: number };
}

export type Session =
  | { readonly kind: "signed-out"; readonly reason: string | null }
  | { readonly kind: "checking" }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "signed-in"; readonly viewer: BoardViewer; readonly store: DataStore };

export const session = signal<Session>({ kind: "checking" });

/** Returns whether the token can write in a namespace. Actions that would be refused are not shown. */
export function mayWrite(namespace: string): boolean {
  if (session.value.kind !== "signed-in") return false;
  return session.value.viewer.grants.some(
    ({ namespacePattern, scopes }) =>
      scopes.includes("WRITE") &&
      (namespacePattern.endsWith("*")
        ? namespace.startsWith(namespacePattern.slice(0, -1))
        : namespace === namespacePattern),
  );
}

const viewerDocument = `query board {
  viewer { user agent scopes namespacePatterns grants { namespacePattern scopes } limits { maxValueBytes maxPageSize } }
}`;

/** The credentials of a request. */
export function credentials(): Record<string, string> {
  return {
    authorization: `Bearer ${sessionStorage.getItem(tokenKey) ?? ""}`,
    ...(tokenNamesAgent ? {} : { "baton-agent": boardAgent }),
  };
}

let tokenNamesAgent = false;

/** Returns the store of the person who is signed in. */
export function store(): DataStore {
  if (session.value.kind === "signed-in") return session.value.store;
  throw new Error("You are not signed in.");
}

/**
 * Reads the token from the address, `…/#token=…`, and removes it from the address bar. Returns the target of the link.
 */
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token");
  if (!token) return;
  sessionStorage.setItem(tokenKey, token);
  const to = given.get("to") ?? "/entries";
  history.replaceState(null, "", `${location.pathname}${location.search}#${to}`);
}

/** Accepts a token, or a link that contains one. */
export async function signIn(pasted: string): Promise<void> {
  const token = pasted
    .trim()
    .replace(/^.*[#&]token=([^&]*).*$/s, "$1")
    .replace(/^Bearer\s+/i, "");
  sessionStorage.setItem(tokenKey, token);
  await openSession();
}

const signOutListeners: (() => void)[] = [];

/** Calls the function when the person signs out. */
export function onSignOut(listener: () => void): void {
  signOutListeners.push(listener);
}

export function signOut(reason: string | null = null): void {
  for (const listener of signOutListeners) listener();
  if (session.value.kind === "signed-in") session.value.store.close();
  sessionStorage.removeItem(tokenKey);
  session.value = { kind: "signed-out", reason };
}

/** Reads the viewer of the token from the server. */
export async function openSession(): Promise<void> {
  const token = sessionStorage.getItem(tokenKey);
  if (!token) {
    session.value = { kind: "signed-out", reason: null };
    return;
  }
  for (const listener of signOutListeners) listener();
  session.value = { kind: "checking" };
  // The page itself shows that the server is unreachable.
  const options = { url: location.origin, token, retryForMs: 5_000, onRetry: () => {} };
  const probe = createDataStore(options);
  try {
    const { viewer } = await probe.graphql<{ viewer: BoardViewer }>(viewerDocument);
    tokenNamesAgent = viewer.agent !== null;
    const own = tokenNamesAgent ? options : { ...options, agent: boardAgent };
    session.value = {
      kind: "signed-in",
      viewer: { ...viewer, agent: viewer.agent ?? boardAgent },
      store: createDataStore(own),
    };
  } catch (error) {
    if (error instanceof UnauthenticatedError) signOut(error.message);
    else {
      session.value = { kind: "unreachable", reason: messageOf(error) };
      setTimeout(() => session.value.kind === "unreachable" && void openSession(), retryMs);
    }
  } finally {
    probe.close();
  }
}

/** The message of an error, with the code of an error of the API: `docs/errors.md` has a section for each code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string"
    ? `${error.message} (${error.code})`
    : error.message;
}
