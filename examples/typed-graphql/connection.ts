import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { print } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { Document } from "./graphql.ts";

/** The first error of a response. docs/errors.md describes the `extensions` of each code. */
export class GraphqlError extends Error {
  readonly extensions: { readonly [name: string]: unknown };

  constructor({ message, extensions = {} }: AnsweredError) {
    super(message);
    this.extensions = extensions;
  }
}

interface AnsweredError {
  readonly message: string;
  readonly extensions?: { readonly [name: string]: unknown };
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly AnsweredError[];
}

const url = `${process.env.BATON_URL || "http://127.0.0.1:4000"}/graphql`;
const token = process.env.BATON_TOKEN || (await localToken());
const authorization = `Bearer ${token.trim()}`;
const agent = "typed-graphql";

/** Sends a query or a mutation and returns its data. */
export async function run<Data, Variables>(
  document: Document<Data, Variables>,
  variables: NoInfer<Variables>,
): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "baton-agent": agent, authorization },
    body: JSON.stringify({ query: print(document), variables }),
  });
  return dataOf((await response.json()) as Answer<Data>);
}

/** Subscribes until the reader stops or the connection is lost. */
export async function* follow<Data, Variables extends Record<string, unknown>>(
  document: Document<Data, Variables>,
  variables: NoInfer<Variables>,
): AsyncGenerator<Data, void> {
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket, // built in since Node.js 22
    connectionParams: { authorization, agent },
    retryAttempts: 0, // a retry would use the first variables, not resume after the last change
  });
  try {
    for await (const answer of client.iterate<Data>({ query: print(document), variables })) {
      yield dataOf(answer as Answer<Data>);
    }
  } catch (error) {
    throw Array.isArray(error) ? new GraphqlError(error[0]) : error;
  } finally {
    await client.dispose();
  }
}

function dataOf<Data>({ data, errors: [error] = [] }: Answer<Data>): Data {
  if (error || !data) throw new GraphqlError(error ?? { message: "The response has no data." });
  return data;
}

async function localToken(): Promise<string> {
  const file = join(process.env.BATON_DATA_DIR || "data", "local.token");
  return readFile(file, "utf8").catch(() => {
    const message = `No token: ${file} cannot be read. Start a server here with npm start, or set BATON_TOKEN.`;
    throw Object.assign(new Error(message), { stack: message });
  });
}
