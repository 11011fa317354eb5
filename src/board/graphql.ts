import { partOf } from "../json/part-of.ts";
import { UnauthenticatedError } from "../client/index.ts";
import { credentials, signOut, store } from "./session.ts";

// The board's requests. Most use the client. Requests and responses with values are handled as text, because JSON.parse
// would round `12345678901234567890` and shorten `1.0`.

/** Runs a query or mutation without values. */
export async function request<D>(document: string, variables: object = {}): Promise<D> {
  try {
    return await store().graphql<D>(document, variables as Record<string, unknown>);
  } catch (error) {
    if (error instanceof UnauthenticatedError) signOut(error.message);
    throw error;
  }
}

/** The server refused the operation. */
export class Refusal extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, extensions: Readonly<Record<string, unknown>>) {
    super(message);
    this.code = String(extensions["code"] ?? "INTERNAL");
    this.details = extensions;
  }
}

interface Answer {
  readonly errors?: readonly { readonly message: string; readonly extensions: object }[];
}

/**
 * Sends an operation whose variables are already JSON, and returns the text of the response.
 * @throws Refusal
 */
export async function requestText(document: string, variables: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch("graphql", {
      method: "POST",
      headers: { ...credentials(), "content-type": "application/json" },
      body: `{"query":${JSON.stringify(document)},"variables":${variables}}`,
    });
  } catch {
    throw new Refusal("The server cannot be reached. Check that it runs, then try again.", {
      code: "UNAVAILABLE",
    });
  }
  const text = await response.text();
  const errors = partOf(text, ["errors"]);
  if (errors !== null) {
    const [first] = JSON.parse(errors) as NonNullable<Answer["errors"]>;
    const refusal = new Refusal(
      first?.message ?? "The server refused.",
      (first?.extensions ?? {}) as Record<string, unknown>,
    );
    if (refusal.code === "UNAUTHENTICATED") signOut(refusal.message);
    throw refusal;
  }
  return text;
}

/** The text of a part of a response. Null if the part does not exist. */
export function textAt(answer: string, ...members: readonly string[]): string | null {
  const text = partOf(answer, ["data", ...members]);
  return text === "null" && members.at(-1) !== "value" ? null : text;
}

/** Writes variables as JSON. Some of them are already JSON. */
export function variablesOf(plain: object, texts: Readonly<Record<string, string>> = {}): string {
  const members = Object.entries(plain)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  for (const [name, text] of Object.entries(texts)) members.push(`${JSON.stringify(name)}:${text}`);
  return `{${members.join(",")}}`;
}
