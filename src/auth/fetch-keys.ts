import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { requireSafe, type RemoteKeyPlace } from "./jwt-options.ts";

/** The largest response of a provider, decompressed. A set of a hundred keys is smaller than 100 KiB. */
const maxResponseBytes = 1024 * 1024;

/** Finds the key of a JWT among published keys. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * Reads the keys that an identity provider publishes.
 * @param timeoutMs for all requests together, with the bodies of their responses
 * @throws Error with a message that says which address failed, and why
 */
export async function fetchKeys(place: RemoteKeyPlace, timeoutMs: number): Promise<KeySet> {
  const signal = AbortSignal.timeout(timeoutMs);
  const url = place.kind === "jwks" ? place.url : await discover(place.issuer, signal);
  const set = await fetchJson(url, signal);
  try {
    return createLocalJWKSet(set as JSONWebKeySet);
  } catch (cause) {
    throw new Error(`${shown(url)} did not return a JWK Set.`, { cause });
  }
}

/** Finds the URL of the keys by OpenID Connect Discovery 1.0. */
async function discover(issuer: string, signal: AbortSignal): Promise<URL> {
  const address = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const found = (await fetchJson(address, signal)) as Record<string, unknown> | null;
  const named = found?.["issuer"];
  if (named !== issuer) {
    throw new Error(
      `${shown(address)} names ${JSON.stringify(named) ?? "no value"} as its issuer, not ${JSON.stringify(issuer)}.`,
    );
  }
  try {
    return requireSafe(String(found?.["jwks_uri"]));
  } catch (cause) {
    throw new Error(`jwks_uri of ${shown(address)}: ${(cause as Error).message}`, { cause });
  }
}

async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  let status: number;
  let text = "";
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal,
      headers: {
        accept: "application/json, application/jwk-set+json",
        "accept-encoding": "identity",
      },
    });
    status = response.status;
    if (status === 200) text = await readText(response);
    else await response.body?.cancel();
  } catch (error) {
    throw new Error(`${shown(url)} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  if (status !== 200) throw new Error(`${shown(url)} returned HTTP ${status}.`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${shown(url)} did not return JSON.`, { cause });
  }
}

/**
 * Reads a body within `maxResponseBytes`. It can be compressed, although this was not requested.
 * @throws Error if it is longer; the rest is not read
 */
async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxResponseBytes) {
      throw new Error(`its response has more than ${maxResponseBytes} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Without a query or credentials, which could be secret. */
function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** `fetch` reports every error of the network as "fetch failed", with the error as its cause. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & {
    readonly cause?: NodeJS.ErrnoException;
  };
  if (name === "TimeoutError") return "its response took too long";
  // If a host has several addresses, only the code of the error says more.
  return cause?.message || cause?.code || message;
}
