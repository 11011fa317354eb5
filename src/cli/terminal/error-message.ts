import type { ErrorCode } from "../../client/index.ts";

/** An error of the API, as the client has it, or as the store throws it to a command that works on the database. */
export interface ApiError extends Error {
  readonly code: ErrorCode;
  readonly details?: { readonly argument?: unknown };
  readonly extensions?: { readonly argument?: unknown };
}

/** What the command line calls an argument of the API, by its path or by the last name of that. */
const words: Readonly<Record<string, string>> = {
  keyPrefix: "prefix",
  namespace: "--namespace",
  namespacePrefix: "--namespace-prefix",
  "input.namespacePrefix": "--prefix",
  metadata: "--metadata",
  ttlSeconds: "--ttl",
  ifRevision: "--if-revision",
  after: "--after",
  snapshot: "--snapshot",
  entries: "--many",
  operations: "keys",
  "Baton-Agent": "--agent",
};

/** What an error of the server or the client says, in the words of the command line: the API has others. */
export function messageOf({ message, details, extensions }: ApiError): string {
  const argument = (details ?? extensions)?.argument;
  const path = typeof argument === "string" ? argument : "";
  const isNamed = path !== "" && message.startsWith(`${path}: `);
  const said = isNamed ? `${wordFor(path)}${message.slice(path.length)}` : message;
  // What to do instead is told as GraphQL has it.
  return said.replace(
    /\b(snapshot|after): (?:true|"(\d+)")/g,
    (_match, name: string, revision?: string) =>
      revision === undefined ? wordFor(name) : `${wordFor(name)} ${revision}`,
  );
}

/** One of several has its number: `key 2` is `input.operations.1.delete.key`. */
function wordFor(path: string): string {
  const names = path.split(".");
  const last = names.at(-1) ?? path;
  const index = names.find((name) => /^\d+$/.test(name));
  const word = words[path] ?? words[last] ?? last;
  return index === undefined ? word : `${word} ${Number(index) + 1}`;
}
