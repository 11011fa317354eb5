import { partOf } from "../json/part-of.ts";
import { UnauthenticatedError } from "../client/index.ts";
import { credentials, signOut, store } from "./session.ts";

// How the board asks. Most goes through the client. What carries a value goes as text, because JSON.parse would round
// `12345678901234567890` and shorten `1.0`.

/** A query or mutation without values. */
export async function ask<D>(document: string, variables: object = {}): Promise<D> {
  try {
    return await store().graphql<D>(document, variables as Record<string, unknown>);
  } catch (error) {
    if (error instanceof UnauthenticatedError) signOut(error.message);
    throw error;
  }
}

/** Why the server refused. */
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
 * Sends an operation whose variables are JSON already, and returns the answer's text.
 * @throws Refusal
 */
export async function askText(document: string, variables: string): Promise<string> {
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

/** A part of an answer as its text; null where there is none. */
export function textAt(answer: string, ...members: readonly string[]): string | null {
  const text = partOf(answer, ["data", ...members]);
  return text === "null" && members.at(-1) !== "value" ? null : text;
}

/** Variables as JSON, some of which are JSON already. */
export function variablesOf(plain: object, texts: Readonly<Record<string, string>> = {}): string {
  const members = Object.entries(plain)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  for (const [name, text] of Object.entries(texts)) members.push(`${JSON.stringify(name)}:${text}`);
  return `{${members.join(",")}}`;
}
