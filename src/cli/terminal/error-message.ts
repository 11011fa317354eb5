import type { ErrorCode } from "../../client/index.ts";

/**
 * An error of the API. An error of the client has `details`. An error of the store, which commands that work on the
 * database call, has `extensions`.
 */
export interface ApiError extends Error {
  readonly code: ErrorCode;
  readonly details?: { readonly argument?: unknown };
  readonly extensions?: { readonly argument?: unknown };
}

/** The command line's names for arguments of the API, by the path or by its last part. */
const words = new Map(
  Object.entries({
    keyPrefix: "prefix",
    namespace: "--namespace",
    namespacePrefix: "--namespace-prefix",
    metadata: "--metadata",
    ttlSeconds: "--ttl",
    ifRevision: "--if-revision",
    after: "--after",
    snapshot: "--snapshot",
    entries: "--many",
    operations: "keys",
    "Baton-Agent": "--agent",
  }),
);

export const certificateHint =
  "If a private authority signed the server's certificate, name the authority's file in NODE_EXTRA_CA_CERTS.";

/** The message of an error of the API and its code. `docs/errors.md` has a section for each code. */
export function errorLine(error: ApiError): string {
  return `${messageOf(error)} (${error.code})`;
}

/** The message of an error of the API, with the command line's names for arguments instead of the API's. */
export function messageOf({ code, message, details, extensions }: ApiError): string {
  const argument = (details ?? extensions)?.argument;
  const path = typeof argument === "string" ? argument : "";
  const isNamed = path !== "" && message.startsWith(`${path}: `);
  const said = isNamed ? `${wordFor(path)}${message.slice(path.length)}` : message;
  if (details && said.includes("cannot be reached")) {
    if (/\bcertificate\b/.test(said)) {
      return `${said} ${certificateHint}`;
    }
    // A server with TLS closes a connection without TLS, and so does a server that stops.
    if (said.includes("at http://") && said.includes("other side closed")) {
      return `${said} If the server uses TLS, its address (--url, BATON_URL) begins with https://.`;
    }
    return `${said} Start the server, or name its address with --url (BATON_URL).`;
  }
  if (details && code === "UNAUTHENTICATED") {
    // The data directory has no effect while --token or BATON_TOKEN is set.
    const [, given] = /^The token of (--token|BATON_TOKEN) /.exec(said) ?? [];
    const other = given
      ? `pass another token in ${given}`
      : "--data-dir or BATON_TOKEN for another token";
    return `${said} Use --url (BATON_URL) for another server, or ${other}.`;
  }
  // The message can name arguments in the form that GraphQL uses.
  return said.replace(
    /\b(snapshot|after): (?:true|"(\d+)")/g,
    (_match, name: string, revision?: string) =>
      revision === undefined ? wordFor(name) : `${wordFor(name)} ${revision}`,
  );
}

/** An item of a list gets its number: `input.operations.1.delete.key` is `key 2`. */
function wordFor(path: string): string {
  const names = path.split(".");
  const last = names.at(-1) ?? path;
  const index = names.find((name) => /^\d+$/.test(name));
  const word = words.get(path) ?? words.get(last) ?? last;
  return index === undefined ? word : `${word} ${Number(index) + 1}`;
}
